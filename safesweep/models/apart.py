"""Solvers checked in a process of their own: diffusers would take 220 MiB of a driver that has no further use for it."""

import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterable
from typing import Any

from safesweep.errors import InputError
from safesweep.models import check_solvers


def check_solvers_apart(
    path: str, revision: str | None, solvers: Iterable[tuple[str, int]], sizes: Iterable[tuple[int, int]]
) -> None:
    """Checks as ``check_solvers`` does, and raises as it does; here, where diffusers is imported already.

    Raises ``RuntimeError`` where the process failed otherwise, with its traceback as the cause.
    """
    if "diffusers" in sys.modules:
        check_solvers(path, revision, solvers, sizes)
        return
    asked = json.dumps([path, revision, list(solvers), list(sizes)])
    ended = subprocess.run(
        [sys.executable, "-m", "safesweep.models.apart"],
        input=asked,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    if ended.returncode or not ended.stdout:
        raise RuntimeError(f"the process that checks solvers ended with exit code {ended.returncode}")
    found = json.loads(ended.stdout)
    if found["refused"] is not None:
        raise InputError(found["refused"])
    if found["failed"] is not None:
        raise RuntimeError(found["failed"]) from RuntimeError(found["traceback"])


def answer(asked: str) -> dict[str, Any]:
    """What the process says of the arguments that it was given as JSON: an ``InputError``'s line, or another error and its traceback."""
    path, revision, solvers, sizes = json.loads(asked)
    said: dict[str, Any] = {"refused": None, "failed": None, "traceback": None}
    try:
        check_solvers(
            path, revision, [(name, steps) for name, steps in solvers], [(wide, high) for wide, high in sizes]
        )
    except InputError as error:
        said["refused"] = str(error)
    except Exception as error:
        said |= {"failed": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()}
    return said


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C is the driver's to speak of
    with os.fdopen(os.dup(1), "w") as out:
        os.dup2(2, 1)  # what libraries print is no answer
        json.dump(answer(sys.stdin.read()), out)
