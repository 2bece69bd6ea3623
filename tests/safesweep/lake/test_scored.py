"""Who scored a run's pictures."""

import pyarrow.parquet as pq

from safesweep.lake.layout import part_files
from safesweep.lake.scored import Scored, scored
from tests.safesweep.lake.rows import scorer, trial, write_run


def test_scorers_are_counted_with_their_models_over_all_pictures(tmp_path):
    both = [scorer("q16", ("a", 1.0), model="x"), scorer("clip", ("cosine", 0.2), model="y")]
    failed = [scorer("q16", error="why", model="x")]
    write_run(
        tmp_path, [trial(0, evidence=both), trial(1, evidence=failed)], [trial(2, evidence=[scorer("q16", model="z")])]
    )
    assert scored(part_files(tmp_path, "r")) == Scored(3, {"clip": {"y": 1}, "q16": {"x": 2, "z": 1}})


def test_failed_trials_torn_files_and_files_without_evidence_say_nothing(tmp_path):
    write_run(tmp_path, [trial(0, status="unscored", evidence=[scorer("q16")])], [trial(1)], [trial(2)])
    torn, bare = part_files(tmp_path, "r")[1:]
    torn.write_bytes(torn.read_bytes()[:-10])
    pq.write_table(pq.read_table(bare, partitioning=None).drop_columns(["evidence"]), bare)
    assert scored(part_files(tmp_path, "r")) == Scored(0, {})
    assert scored([]) == Scored(0, {})
