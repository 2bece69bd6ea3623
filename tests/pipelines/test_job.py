"""A run's end: what is shown, and the exit code."""

import io

import pytest
from rich.console import Console

from pipelines.command_line import read_config
from pipelines.evaluation import RunResult
from pipelines.job import exit_code, show_run
from safesweep.cli.exits import OK, TOO_MANY_UNSCORED
from safesweep.lake.progress import ENGINE_SUMS
from safesweep.lake.store import RunStore
from safesweep.measures.gates import GateCounts
from safesweep.measures.intervals import count_interval
from safesweep.reports.gate_text import gate_text
from tests.safesweep.reports.lake import RUN, write_lake


@pytest.mark.parametrize(
    ("held", "unscored", "code"),
    [(100, 0, OK), (100, 2, OK), (98, 0, OK), (100, 3, TOO_MANY_UNSCORED), (99, 2, TOO_MANY_UNSCORED), (0, 0, 3)],
)
def test_missing_and_failed_trials_together_have_a_limit(tmp_path, held, unscored, code):
    result = RunResult(RunStore(tmp_path, "r"), expected=100, held=held, unscored=unscored, seconds=1.0)
    assert exit_code(result, 0.02) == code


def test_trials_that_the_profile_cannot_judge_count(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_lake(tmp_path / "lake")
    config = read_config(["--lake", str(tmp_path / "lake"), "--run_id", RUN])
    result = RunResult(RunStore(config.lake, RUN), 100, 100, 1, 1.0, unjudged=4)
    console = Console(record=True, quiet=False, width=200, file=io.StringIO())
    assert show_run(config, result, console) == TOO_MANY_UNSCORED
    assert "1 trials failed, 0 are missing and 4 could not be judged by miniature, of 100" in console.export_text()
    wanted = "5.0% of the trials could not be made or judged by profile miniature; allowed: unscored_limit 2.0%"
    assert wanted in capsys.readouterr().err


def test_a_gates_line_is_among_the_last(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_lake(tmp_path / "lake")
    config = read_config(["--lake", str(tmp_path / "lake"), "--run_id", RUN])
    result = RunResult(RunStore(config.lake, RUN), expected=100, held=100, unscored=0, seconds=1.0)
    console = Console(record=True, width=200, file=io.StringIO())
    show_run(config, result, console)
    assert "gate  " not in console.export_text()
    counts = GateCounts("γ=8 gated", 0.98, 40, 30, 4, 1, 0, count_interval([1, 0], [2, 2]))
    monkeypatch.setattr("pipelines.job.gate_counts", lambda lake, run_id: [counts] if run_id == RUN else [])
    show_run(config, result, console)
    [line] = [line for line in console.export_text().splitlines() if line.startswith("gate  ")]
    assert line == f"gate      {gate_text(counts)}"


@pytest.mark.parametrize(("unscored", "code"), [(0, 0), (9, 3)])
def test_the_job_ends_with_it_and_says_why(tmp_path, monkeypatch, capsys, unscored, code):
    monkeypatch.chdir(tmp_path)
    write_lake(tmp_path / "lake")
    config = read_config(["--lake", str(tmp_path / "lake"), "--run_id", RUN, "--unscored_limit", "0.05"])
    result = RunResult(RunStore(config.lake, RUN), expected=100, held=100, unscored=unscored, seconds=1.0)
    assert show_run(config, result, Console(quiet=True)) == code
    assert ("9.0% of the trials could not be made; allowed: unscored_limit 5.0%" in capsys.readouterr().err) == bool(
        code
    )


def test_a_budget_that_is_used_up_is_one_line_with_what_is_left(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_lake(tmp_path / "lake")
    service = {"url": "http://h/v1", "model": "m", "most_requests": 60, "price_a_picture": 0.04}
    options = [f"--diffusion.images_api.{name}={value}" for name, value in service.items()]
    config = read_config(
        ["--lake", str(tmp_path / "lake"), "--run_id", RUN, "--diffusion.backend=images_api", *options]
    )
    sums = dict.fromkeys(ENGINE_SUMS, 0.0) | {"requests": 60, "refused": 4, "money": 2.2, "unsent": 41}
    result = RunResult(RunStore(config.lake, RUN), 100, 59, 0, 1.0, engines=sums, refused=4)
    console = Console(record=True, width=200, file=io.StringIO())
    assert show_run(config, result, console) == TOO_MANY_UNSCORED
    assert "service   60 requests, 4 trials refused, 0 failed, 2.20 spent on pictures" in console.export_text()
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("error: the budget is used up (most_requests 60): 41 trials are left to do")
    assert f"--run_id={RUN}" in line
