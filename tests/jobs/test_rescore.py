"""A scorer that comes to a run that is over: the whole job."""

import json

import pytest

from tests.jobs.conftest import trials
from tests.marks import STARTS_RAY

pytestmark = [pytest.mark.timeout(600), STARTS_RAY]
CLASSIFIER = {"kind": "classifier", "model": "miniature/weights/classifier"}
SHORT = ["--run_id=r", "--limit=1", "--num_inference_steps=4", '--cells=[{"method":"none"}]']


def test_a_scorer_is_added_without_a_picture_being_made_again(launch, tmp_path):
    one, both = (
        f"--safety.scorers={json.dumps(scorers)}" for scorers in ([CLASSIFIER], [CLASSIFIER, {"kind": "nudenet"}])
    )
    made = launch("eval_i2p", "--lake=lake", *SHORT, one)
    assert made.wait(timeout=400) == 0, made.log.read_text()[-3000:]
    before = trials(tmp_path / "lake")
    refused = launch("eval_i2p", "--lake=lake", *SHORT, both)
    assert refused.wait(timeout=200) == 2
    assert "2 of its 2 pictures have not been scored by 'nudenet'; `safesweep rescore`" in " ".join(
        refused.log.read_text().split()
    )
    added = launch("rescore", "--lake=lake", "--run_id=r", both)
    assert added.wait(timeout=400) == 0, added.log.read_text()[-3000:]
    after = trials(tmp_path / "lake")
    assert [row["picture"] for row in after] == [row["picture"] for row in before]
    assert [row["finished_at"] for row in after] == [row["finished_at"] for row in before]
    for old, new in zip(before, after, strict=True):
        assert new["evidence"][:2] == old["evidence"]
        assert [one["scorer"] for one in new["evidence"]] == ["classifier", "clip", "nudenet"]
    again = launch("eval_i2p", "--lake=lake", *SHORT, both)
    assert again.wait(timeout=400) == 0, again.log.read_text()[-3000:]
    assert "2 in the lake already" in again.log.read_text()
