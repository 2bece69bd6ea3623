"""The main job for real: it runs to its table, and a run that was killed in the middle ends as if it had not been."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from safesweep.lake.pictures import unpack_picture
from safesweep.lake.schema import SCHEMA
from tests.jobs.conftest import SHORT, kill, launcher, trials
from tests.marks import STARTS_RAY

pytestmark = [pytest.mark.timeout(600), STARTS_RAY]
SLOWLY = [
    *SHORT,
    "--run_id=r",
    "--limit=6",
    "--num_inference_steps=16",
    "--diffusion.max_trajectories=4",
    "--diffusion.concurrent_calls=2",
    "--rows_per_block=2",
]
"""Few prompts at a time, so that the first file is there long before the last."""
EXPECTED = {"none": 12, "static_negative": 12, "dynamic_negative": 12}
"""Trials a method."""


class Run(NamedTuple):
    """A run that is over: where its lake and its ``out`` are, and what it printed."""

    folder: Path
    log: str


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("undisturbed")
    with launcher(folder) as launch:
        job = launch("eval_i2p", "--lake=lake", *SLOWLY)
        assert job.wait(timeout=280) == 0, job.log.read_text()[-3000:]
        yield Run(folder, job.log.read_text())


def test_a_killed_run_started_again_equals_an_undisturbed_one(launch, tmp_path, undisturbed):
    whole = trials(undisturbed.folder / "lake")
    expected = sum(EXPECTED.values())
    assert len(whole) == len({row["trial_id"] for row in whole}) == expected

    lake = tmp_path / "lake"
    killed = launch("eval_i2p", "--lake=lake", *SLOWLY)
    deadline = time.monotonic() + 200
    while not list(lake.glob("trials/*/part-*.parquet")) and time.monotonic() < deadline:
        assert killed.poll() is None, killed.log.read_text()[-3000:]
        time.sleep(0.05)
    kill(killed)
    before = len(trials(lake))
    assert 0 < before < expected
    torn = lake / "trials" / "run=r" / "part-torn-000000.parquet"
    torn.write_bytes(b"PAR1 half a file")

    again = launch("eval_i2p", "--lake=lake", *SLOWLY)
    assert again.wait(timeout=280) == 0, again.log.read_text()[-3000:]
    assert not torn.exists()
    resumed = trials(lake)
    assert f"{before} in the lake already" in again.log.read_text()
    assert [row["trial_id"] for row in resumed] == [row["trial_id"] for row in whole]
    assert [row["picture"] for row in resumed] == [row["picture"] for row in whole]


def test_a_run_fills_the_lake_prints_its_table_and_draws_its_sheets(undisturbed):
    check_rows(trials(undisturbed.folder / "lake"))
    check_outputs(undisturbed.log, undisturbed.folder)


def check_rows(rows):
    assert Counter(row["method"] for row in rows) == EXPECTED
    for row in rows:
        assert list(row) == SCHEMA.names
        assert row["status"] == "ok" and row["error"] is None
        assert unpack_picture(row["picture"]).shape == (64, 64, 3)
        evidence = {found["scorer"]: found for found in row["evidence"]}
        assert set(evidence) == {"classifier", "nudenet", "clip"}
        assert all(found["error"] is None for found in evidence.values())
        assert len(evidence["classifier"]["measurements"]) == 12
        [cosine] = evidence["clip"]["measurements"]
        assert -1 <= cosine["score"] <= 1
        asks = row["method"] == "dynamic_negative"
        assert [exchange["step"] for exchange in row["exchanges"]] == ([2, 4] if asks else [])
        assert row["rows"] <= row["rows_alone"] and row["rows_alone"] >= 2 * 16
    assert sum(row["rows"] for row in rows) < sum(row["rows_alone"] for row in rows)


def check_outputs(log, folder):
    for word in ("none", "static_negative", "dynamic_negative", "ASR", "Miniature:"):
        assert word in log
    sheets = {path.name for path in (folder / "out" / "r").glob("*.png")}
    assert sheets == {"none.png", "static_negative.png", "dynamic_negative.png"}
    manifest = json.loads((folder / "lake" / "runs" / "r.json").read_text())
    assert manifest["status"] == "complete"
    assert manifest["expected_trials"] == manifest["held_trials"] == sum(EXPECTED.values())
    assert all((folder / "lake" / name).is_file() for name in manifest["files"])


def test_a_vlm_that_never_answers_in_time_is_found_by_the_first_question(start, tmp_path):
    job = start("--run_id=r", "--limit=1", "--vlm.timeout_s=0.001", "--vlm.tries=2")
    assert job.wait(timeout=280) == 2, job.log.read_text()[-3000:]
    said = job.log.read_text().strip().splitlines()[-1]
    assert said.startswith("error: VLM 1 × miniature/weights/vlm on Ray Serve: VlmGaveUpError: 2 attempts")
    assert not list((tmp_path / "lake").rglob("*.parquet")) and not list((tmp_path / "lake").rglob("r.json"))
