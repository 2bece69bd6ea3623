"""The Makefile on machines that call their Python otherwise."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOO_OLD = "#!/bin/sh\nexit 1\n"


def chosen(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    """What make says with nothing but ``folder`` and the shell's own tools on the path."""
    for tool in ("sh", "make", "echo", "test"):
        link = folder / tool
        if not link.exists():
            found = next(
                Path(place) / tool
                for place in os.defpath.split(":") + ["/usr/bin"]
                if (Path(place or ".") / tool).exists()
            )
            link.symlink_to(found)
    environment = {"PATH": str(folder)}
    command = [str(folder / "make"), "--silent", "--makefile", str(ROOT / "Makefile"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder)


@pytest.mark.parametrize("name", ["python3.12", "python3.13", "python3", "python"])
def test_any_python_that_the_project_supports_is_found_by_any_name(tmp_path, name):
    (tmp_path / name).symlink_to(sys.executable)
    assert chosen(tmp_path, "python").stdout.strip() == name


def test_one_that_does_not_run_or_is_too_old_is_passed_over(tmp_path):
    old = tmp_path / "python3.11"
    old.write_text(TOO_OLD)
    old.chmod(0o755)
    (tmp_path / "python3").symlink_to(sys.executable)
    assert chosen(tmp_path, "python").stdout.strip() == "python3"


def test_without_any_it_says_what_is_allowed(tmp_path):
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "requirements.lock").touch()
    done = chosen(tmp_path, "setup")
    assert done.returncode == 2 and "no Python from 3.11 to 3.14" in done.stdout + done.stderr
