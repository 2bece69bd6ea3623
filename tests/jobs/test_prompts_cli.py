"""jobs/prompts.py, started as a user starts it: from anywhere, without an install."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "jobs" / "prompts.py"


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "FORCE_COLOR")}
    command = [sys.executable, str(SCRIPT), *arguments]
    environment |= {"COLUMNS": "120", "NO_COLOR": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_inspect(tmp_path: Path) -> None:
    (tmp_path / "shapes.csv").write_text("prompt,evaluation_seed,guidance\na circle,4,20\n,5,1\n")
    result = run(tmp_path, "inspect", "shapes.csv", "--on-empty", "skip", "--guidance-cap", "10", "--name", "mine")
    assert (result.returncode, result.stderr) == (0, "")
    for part in ("shapes.csv → mine", "seed ← evaluation_seed", "1: empty prompt", "sha256"):
        assert part in result.stdout
    assert "a circle" not in result.stdout


@pytest.mark.parametrize(
    ("name", "content", "wanted"),
    [
        ("missing.csv", None, "error: missing.csv: no such file\n"),
        ("empty.csv", "prompt,seed\na,1\n,2\n", "error: empty.csv: column 'prompt' is empty in row 1"),
    ],
)
def test_a_bad_file_is_exit_code_2(tmp_path: Path, name: str, content: str | None, wanted: str) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    result = run(tmp_path, "inspect", name)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(wanted)
    assert result.stderr.count("\n") == 1


def test_columns_and_rows_by_hand(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("Line,No\na circle,4\na key,5\na leaf,6\n")
    arguments = [
        "inspect",
        "mine.csv",
        "--columns",
        "text=Line",
        "--columns",
        "seed=No",
        "--shard",
        "1/2",
        "--limit",
        "1",
    ]
    result = run(tmp_path, *arguments)
    assert (result.returncode, result.stderr) == (0, "")
    for part in ("text ← Line", "seed 4 … 4", "1 of 3 rows (limit, selection)"):
        assert part in result.stdout
    assert "a role and its column are wanted" in run(tmp_path, "inspect", "mine.csv", "--columns", "Line").stderr


def test_standard_input_and_folders(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("prompt\na circle\n")
    command = [sys.executable, str(SCRIPT), "inspect", "-", "--format", "csv"]
    done = subprocess.run(command, input=b"prompt\na circle\n", capture_output=True, timeout=60, check=False)
    assert (done.returncode, "stdin → stdin" in done.stdout.decode()) == (0, True)
    assert "name it with format" in run(tmp_path, "inspect", "-").stderr
    both = run(tmp_path, "inspect", ".").stdout
    assert "a.csv → a" in both and "b.csv → b" in both


def test_a_wrong_command_line_is_exit_code_2(tmp_path: Path) -> None:
    assert run(tmp_path, "inspekt").returncode == 2


def test_the_file_is_executable() -> None:
    assert os.access(SCRIPT, os.X_OK)
    assert SCRIPT.read_text().startswith("#!/usr/bin/env python3\n")
