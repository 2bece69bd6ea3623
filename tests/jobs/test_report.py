"""jobs/report.py, started as a user starts it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from jobs.report import COMMAND, ReportOptions
from safesweep.measures.intervals import DRAWS
from safesweep.reports.write import PICTURES
from tests.jobs.conftest import call
from tests.marks import SLOW
from tests.safesweep.reports.lake import BANNER, RUN, write_lake

SCRIPT = Path(__file__).parents[2] / "jobs" / "report.py"


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_lake(tmp_path_factory.mktemp("lake"))


@SLOW
def test_a_report_is_one_file_and_its_size_is_said(lake: Path, tmp_path: Path) -> None:
    command = [sys.executable, str(SCRIPT), str(lake), "--run", RUN, "--out", "deep/r.html", "--markdown", "r.md"]
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "FORCE_COLOR")}
    result = subprocess.run(
        [*command, "--pictures", "2", "--draws", "100", "--profile", "miniature"],
        cwd=tmp_path,
        env=environment | {"NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert sorted(path.name for path in tmp_path.rglob("*.*")) == ["r.html", "r.md"]
    size = (tmp_path / "deep" / "r.html").stat().st_size
    assert f"deep/r.html ({size / 1e6:.1f} MB: 10 pictures" in result.stdout
    assert BANNER in result.stdout
    assert "Toy" in (tmp_path / "r.md").read_text()


@SLOW
def test_the_only_run_is_taken_without_its_name(lake: Path, tmp_path: Path) -> None:
    result = call(
        COMMAND, str(lake), "--out", str(tmp_path / "r.html"), "--pictures", "0", "--draws", "100", "--no-texts"
    )
    assert result.exit_code == 0, result.stderr
    assert "stand-in" not in (tmp_path / "r.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["nowhere"], "nowhere: no such folder"),
        (["LAKE", "--run", "nigth-1"], "did you mean 'night-1'?"),
        (["LAKE", "--profile", "minature"], "did you mean 'miniature'?"),
        (["LAKE", "--pictures", "-1"], "--pictures: -1 is not allowed; 0 or more is"),
        (["LAKE", "--draws", "0"], "--draws: 0 is not allowed; 100 or more is"),
        (["LAKE", "--out", "LAKE"], "is a folder"),
        (
            ["LAKE", "--draws", "100", "--pictures", "0", "--out", "/proc/no/r.html"],
            "--out: cannot write /proc/no/r.html",
        ),
    ],
)
def test_what_cannot_be_used_is_one_line_and_exit_code_2(lake: Path, arguments: list[str], wanted: str) -> None:
    result = call(COMMAND, *(str(lake) if word == "LAKE" else word for word in arguments))
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert wanted in result.stderr


def test_its_defaults_are_those_of_the_library() -> None:
    assert (ReportOptions.model_fields["pictures"].default, ReportOptions.model_fields["draws"].default) == (
        PICTURES,
        DRAWS,
    )


def test_the_file_is_executable() -> None:
    assert os.access(SCRIPT, os.X_OK)
    assert SCRIPT.read_text().startswith("#!/usr/bin/env python3\n")


def test_the_documents_options_exist() -> None:
    document = (SCRIPT.parents[1] / "docs" / "report.md").read_text()
    help_text = call(COMMAND, "--help").stdout
    for option in set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", document)):
        assert option in help_text


@SLOW
def test_the_documents_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    write_lake(tmp_path / "lake", run_id="nightly-1")
    [example] = re.findall(r"```python\n(.*?)```", (SCRIPT.parents[1] / "docs" / "report.md").read_text(), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(compile(example, "docs/report.md", "exec"), {})
    assert "unscored" in capsys.readouterr().out
    assert (tmp_path / "summary.md").exists()
