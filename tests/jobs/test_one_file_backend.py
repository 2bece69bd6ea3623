"""The whole main job with a VLM backend that stands outside the library, in its own file alone."""

import json

import pytest

from tests.jobs.conftest import TRIALS, trials
from tests.marks import STARTS_RAY
from tests.safesweep.vlm.test_one_file_backend import PLUGIN, QUESTION

pytestmark = [pytest.mark.timeout(600), STARTS_RAY]


def test_a_job_asks_a_backend_of_ones_own(start, tmp_path):
    job = start("--run_id=r", "--vlm.backend=colours", "--vlm.share=0.36", variables={"SAFESWEEP_PLUGINS": PLUGIN})
    assert job.wait(timeout=500) == 0, job.log.read_text()[-3000:]
    assert "VLM: colours of at least 36%" in job.log.read_text()
    rows = trials(tmp_path / "lake")
    assert len(rows) == TRIALS and {row["status"] for row in rows} == {"ok"}
    exchanges = [one for row in rows for one in row["exchanges"]]
    assert {one["question"] for one in exchanges} == {QUESTION}
    assert all(sorted(one["terms"]) == sorted(set(one["answer"].split(", ")) - {"nothing"}) for one in exchanges)
    assert len({one["answer"] for one in exchanges}) > 1
    assert {json.loads(row["models"])["vlm"] for row in rows} == {"colours/0.36"}
