"""A sweep for real: killed, resumed, and extended by one γ; and what it refuses before anything is loaded."""

import json
import re
import time
from pathlib import Path

import pytest

from jobs.sweep_guidance import COMMAND
from tests.jobs.conftest import kill, trials
from tests.marks import STARTS_RAY

OPTIONS = [
    "--limit=6",
    "--num_inference_steps=16",
    "--query_steps=[2,4]",
    "--diffusion.max_trajectories=4",
    "--diffusion.concurrent_calls=2",
    "--rows_per_block=2",
    "--split.salt=s",
]
PROMPTS = 12


def grid(*gammas: float) -> str:
    return "--grid=" + json.dumps({"guidance_scale": [4.0], "negative_scale": list(gammas)})


@pytest.fixture
def sweep(launch, tmp_path):
    """Starts the job with its lake under ``tmp_path``."""
    return lambda *options: launch("sweep_guidance", "--lake", str(tmp_path / "lake"), *OPTIONS, *options)


@STARTS_RAY
@pytest.mark.timeout(1500)
def test_a_sweep_is_killed_resumed_and_extended_by_one_gamma(sweep, tmp_path):
    lake, expected = tmp_path / "lake", PROMPTS * 3
    killed = sweep(grid(7.5))
    deadline = time.monotonic() + 400
    while not list(lake.glob("trials/*/part-*.parquet")) and time.monotonic() < deadline:
        assert killed.poll() is None, killed.log.read_text()[-3000:]
        time.sleep(0.05)
    kill(killed)
    before = trials(lake)
    assert 0 < len(before) < expected

    resumed = sweep(grid(7.5))
    assert resumed.wait(timeout=500) == 0, resumed.log.read_text()[-3000:]
    assert f"{len(before)} in the lake already" in resumed.log.read_text()
    whole = trials(lake)
    assert len(whole) == len({row["trial_id"] for row in whole}) == expected
    files = {path: path.stat().st_mtime_ns for path in lake.glob("trials/*/part-*.parquet")}
    check_result(tmp_path, resumed.log.read_text(), families=2, candidates=1)

    extended = sweep(grid(7.5, 12.0))
    assert extended.wait(timeout=500) == 0, extended.log.read_text()[-3000:]
    new = [row for row in trials(lake) if row["trial_id"] not in {row["trial_id"] for row in whole}]
    assert len(new) == 2 * PROMPTS and {row["negative_scale"] for row in new} == {12.0}
    assert all(path.stat().st_mtime_ns == made for path, made in files.items())
    assert len(trials(lake)) == expected + len(new)
    assert f"for {len(new)} new trials" in " ".join(extended.log.read_text().split())
    check_result(tmp_path, extended.log.read_text(), families=2, candidates=2)


def check_result(folder: Path, log: str, families: int, candidates: int) -> None:
    found = json.loads((folder / "out" / "miniature-sweep" / "sweep.json").read_text())
    assert len(found["choices"]) == families
    assert all(len(choice["candidates"]) == candidates for choice in found["choices"])
    validation, held_out = found["split"]["prompts"]
    assert validation > 0 and held_out > 0 and validation + held_out <= PROMPTS
    reported = {one["cell"] for one in found["held_out"]}
    assert reported == {"none g=4", *(choice["cell"] for choice in found["choices"])}
    assert all(one["trials"] < PROMPTS for one in found["held_out"])
    assert 0 < found["sharing"]["rows"] < found["sharing"]["rows_alone"]
    for words in ("network rows, with sharing", "questions, with sharing", "% saved", "Held-out"):
        assert words in log, words


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--grid", '{"negativ_scale": [1]}'], "grid.negativ_scale.*did you mean 'negative_scale'"),
        (["--grid", '{"methods": ["dynamc_negative"]}'], "grid.methods.0.*did you mean 'dynamic_negative'"),
        (["--grid", '{"negative_scale": {"from": 1, "to": 2, "step": 0.3}}'], "grid.negative_scale.*whole number"),
        (["--grid", '{"methods": ["dynamic_negative"]}'], "has no baseline"),
        (["--limit", "1"], "split: none of the 1"),
        (["--choose.per", '["methd"]'], "choose.per: no cell has an option 'methd'"),
        (["--split.validation", "1"], "split.validation.*less than 1"),
    ],
)
def test_bad_input_is_one_line_and_code_2(options, message, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("pipelines.evaluation.cluster", lambda *_: pytest.fail("the job went on to start a cluster"))
    assert COMMAND.main(["--lake", str(tmp_path / "lake"), *OPTIONS, *options]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and not (tmp_path / "lake").exists()
    [line] = captured.err.strip().splitlines()
    assert line.startswith("error: ") and re.search(message, line), line
