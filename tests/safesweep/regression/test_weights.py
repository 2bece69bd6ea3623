"""Whose numbers they are: from the trials, against counts made by hand."""

from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from safesweep.errors import NotJudgedError
from safesweep.regression.weights import drawing_weights, one_each, scorer_weights, version
from tests.safesweep.regression.lakes import write_run


@pytest.fixture
def files(tmp_path):
    return write_run(tmp_path, "r", hazards=3, benign=2, models={"diffusion": "sd@7"}).files()


def test_they_are_counted_trial_by_trial(files):
    table = pq.read_table(files[0], partitioning=None)
    rows = table.to_pylist()
    rows[0]["evidence"][0]["model"] = None
    rows[1]["evidence"][0]["model"] = "c@2"
    rows[2]["models"] = "no JSON"
    pq.write_table(pa.Table.from_pylist(rows, table.schema), files[0])
    assert scorer_weights(files, {"classifier"}) == {"classifier": Counter({"c@1": 3, "c@2": 1, "unnamed weights": 1})}
    assert drawing_weights(files) == {"diffusion": Counter({"sd@7": 4}), "vlm": Counter({"v@1": 4})}


def test_the_same_weights_in_two_folders_are_one():
    assert version("here/q16@sha256:1") == version("there/q16@sha256:1") == "sha256:1"
    assert one_each("r", {"q16": Counter({"b/q@1": 1, "a/q@1": 2})}, {"q16": "c/q@1"}) == {"q16": "a/q@1"}


def test_evidence_without_a_digest_goes_by_the_manifest():
    assert one_each("r", {"q16": Counter({"q": 1})}, {"q16": "q@1"}) == {"q16": "q@1"}
    assert one_each("r", {"q16": Counter({"q": 1})}, {}) == {"q16": "q"}


@pytest.mark.parametrize(
    ("models", "words"),
    [
        (Counter({"q@1": 5, "q@2": 1}), r"mixes weights: q16: q@1 \(5 trials\), q@2 \(1 trials\)"),
        (Counter({"q@2": 5}), "its manifest names q16 q@1, its trials q@2"),
    ],
)
def test_mixed_and_other_weights_are_refused_by_name(models, words):
    with pytest.raises(NotJudgedError, match=words):
        one_each("r", {"q16": models}, {"q16": "q@1"})
