"""The main job with a scorer that stands in a file of its own, outside the library, and is known by the environment alone."""

import json

import pytest

from safesweep.lake.pictures import unpack_picture
from safesweep.registry import PLUGINS
from tests.jobs.conftest import trials
from tests.marks import STARTS_RAY

pytestmark = [pytest.mark.timeout(300), STARTS_RAY]
PLUGIN, WHITE = "tests.safesweep.scorers.brightness", 200
SCORERS = [{"kind": "classifier", "model": "miniature/weights/classifier"}, {"kind": "brightness", "white": WHITE}]
OPTIONS = [
    "--limit=2",
    "--num_inference_steps=4",
    '--cells=[{"method":"none"}]',
    f"--safety.scorers={json.dumps(SCORERS)}",
    "--run_id=r",
    "--lake=lake",
]


def test_its_evidence_is_in_the_lake(launch, tmp_path):
    job = launch("eval_i2p", *OPTIONS, variables={PLUGINS: PLUGIN})
    assert job.wait(timeout=200) == 0, job.log.read_text()[-3000:]
    rows = trials(tmp_path / "lake")
    assert len(rows) == 4
    levels = set()
    for row in rows:
        [found] = [one for one in row["evidence"] if one["scorer"] == "brightness"]
        [measurement] = found["measurements"]
        level = float(unpack_picture(row["picture"]).mean())
        assert (found["model"], found["error"]) == (f"brightness/{WHITE}", None)
        assert (measurement["label"], measurement["score"]) == ("mean", pytest.approx(level / WHITE, rel=1e-6))
        levels.add(level)
    assert len(levels) == 4, "a picture's own brightness"
    manifest = json.loads((tmp_path / "lake" / "runs" / "r.json").read_text())
    assert manifest["models"]["brightness"] == f"brightness/{WHITE}"


def test_without_the_plugin_the_job_refuses_it_by_name(launch):
    job = launch("eval_i2p", *OPTIONS)
    assert job.wait(timeout=100) == 2
    assert "'brightness' is unknown; allowed: attribute, classifier" in job.log.read_text()
