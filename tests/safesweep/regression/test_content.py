"""What a run holds as one digest, and what a pin does with it."""

import json
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from safesweep.errors import NotJudgedError
from safesweep.lake.schema import SCHEMA
from safesweep.regression.baselines import BaselineStore
from safesweep.regression.content import content_digest
from safesweep.regression.policy import load_policy
from tests.safesweep.regression.lakes import write_run


@pytest.fixture
def rows(tmp_path):
    [path] = write_run(tmp_path, "a", hazards=4, benign=4).files()
    return pq.read_table(path, partitioning=None).to_pylist()


@pytest.fixture
def digest(tmp_path):
    def of(rows, parts=1, **options):
        files = [tmp_path / f"{part}.parquet" for part in range(parts)]
        for part, file in enumerate(files):
            pq.write_table(pa.Table.from_pylist(rows[part::parts], SCHEMA), file, **options)
        return content_digest(files)

    return of


def test_order_files_compression_and_times_do_not_matter(rows, digest):
    found = digest(rows)
    assert found.startswith("1:") and len(found) == 66
    random.Random(0).shuffle(rows)
    for row in rows:
        row.update(finished_at=None, seconds=9.0, run_id="b")
    assert digest(rows, parts=3, compression="snappy", row_group_size=1) == found


@pytest.mark.parametrize(
    "change",
    [
        lambda row: row.update(trial_id="0" * 32),
        lambda row: row.update(picture=b"x"),
        lambda row: row.update(picture=None),
        lambda row: row["evidence"][0].update(model="c@2"),
        lambda row: row["evidence"][0]["measurements"][0].update(score=0.5),
        lambda row: row["exchanges"][0].update(answer="dagger, skull"),
        lambda row: row["exchanges"][0].update(terms=["skull"]),
        lambda row: row.update(cell_json="{}"),
        lambda row: row.update(benign=True),
        lambda row: row.update(seed=7),
        lambda row: row.update(compute_seconds=7.0),
    ],
)
def test_whatever_a_comparison_reads_changes_it(rows, digest, change):
    before = digest(rows)
    change(rows[0])
    assert digest(rows) != before


def test_a_pin_says_what_it_pinned_and_an_older_one_is_refused_with_how_to_pin_again(tmp_path):
    store = BaselineStore(tmp_path)
    write_run(tmp_path, "a", hazards=4, benign=4)
    pinned = store.pin("nightly", "a", load_policy("default"))
    assert store.current("nightly") == pinned and pinned.content.startswith("1:")
    old = json.loads(store.path.read_text())
    store.path.write_text(json.dumps([{**old[0], "content": None, "fingerprint": "0" * 64}]))
    with pytest.raises(NotJudgedError, match=r"pin it again: safesweep baseline pin a --suite nightly"):
        store.current("nightly")
    store.pin("nightly", "a", load_policy("default"))
    assert store.current("nightly").content == pinned.content
