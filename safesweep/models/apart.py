"""Solvers checked in a process of their own: diffusers would take 220 MiB of a driver that has no further use for it."""

import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from safesweep.errors import InputError
from safesweep.models import check_solvers


class Asked(NamedTuple):
    """The arguments of one call of ``check_solvers``."""

    path: str
    revision: str | None
    solvers: list[tuple[str, int]]
    sizes: list[tuple[int, int]]


@contextmanager
def checking_solvers(asked: Sequence[Asked]) -> Iterator[None]:
    """Calls ``check_solvers`` while the block runs, and raises as it does at the block's end; where diffusers is imported already, here
    and at the beginning. A block that raises ends the check.

    Raises ``RuntimeError`` where the process failed otherwise, with its traceback as the cause.
    """
    if "diffusers" in sys.modules:
        for one in asked:
            check_solvers(*one)
        yield
        return
    process = subprocess.Popen(
        [sys.executable, "-m", "safesweep.models.apart", json.dumps(asked)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    try:
        yield
        said, _ = process.communicate()
    finally:
        process.kill()
        process.wait()
    if process.returncode or not said:
        raise RuntimeError(f"the process that checks solvers ended with exit code {process.returncode}")
    found = json.loads(said)
    if found["refused"] is not None:
        raise InputError(found["refused"])
    if found["failed"] is not None:
        raise RuntimeError(found["failed"]) from RuntimeError(found["traceback"])


def answer(asked: str) -> dict[str, Any]:
    """What the process says of the arguments that it was given as JSON: an ``InputError``'s line, or another error and its traceback."""
    said: dict[str, Any] = {"refused": None, "failed": None, "traceback": None}
    try:
        for path, revision, solvers, sizes in json.loads(asked):
            check_solvers(path, revision, map(tuple, solvers), map(tuple, sizes))
    except InputError as error:
        said["refused"] = str(error)
    except Exception as error:
        said |= {"failed": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()}
    return said


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C is the driver's to speak of
    with os.fdopen(os.dup(1), "w") as out:
        os.dup2(2, 1)  # what libraries print is no answer
        json.dump(answer(sys.argv[1]), out)
