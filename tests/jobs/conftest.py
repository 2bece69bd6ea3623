"""Runs of the main job as a user starts them: in processes of their own."""

import io
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import psutil
import pyarrow.parquet as pq
import pytest

from safesweep.cli.command import Runs
from safesweep.lake.layout import with_footers

ROOT = Path(__file__).resolve().parents[2]
SHORT = [
    "--limit=3",
    "--num_inference_steps=8",
    "--query_steps=[2,4]",
    "--rows_per_block=1",
    '--cells=[{"method":"none"},{"method":"static_negative","negative_scale":4},{"method":"dynamic_negative","negative_scale":7.5}]',
]
"""Few prompts, few steps, three methods, a block a prompt."""
TRIALS = 2 * 3 * 3


def environment(**more: str) -> dict[str, str]:
    """The test's environment without what would tie the run to another cluster."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("RAY_", "SAFESWEEP_"))}
    return {**kept, "RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0", **more}


class Done(NamedTuple):
    """What a command left."""

    exit_code: int
    stdout: str
    stderr: str


def call(command: Runs, *arguments: str) -> Done:
    """A command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = command.main(list(arguments))
    return Done(code, out.getvalue(), err.getvalue())


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def trials(lake: Path) -> list[dict]:
    """All rows of the lake, in the order of their ids; as every reader does, it leaves out what a killed writer did not end."""
    rows = []
    for path in with_footers(list(lake.glob("trials/*/part-*.parquet"))):
        rows += pq.read_table(path, partitioning=None).to_pylist()
    return sorted(rows, key=lambda row: row["trial_id"])


@contextmanager
def launcher(folder: Path) -> Iterator[Callable[..., subprocess.Popen]]:
    """Starts ``jobs/<job>.py`` with its output in a file, the process's ``log``; what still runs at the end is killed with its children."""
    running: list[subprocess.Popen] = []

    def begin(
        job: str, *options: str, cwd: Path = folder, variables: Mapping[str, str] = MappingProxyType({})
    ) -> subprocess.Popen:
        cwd.mkdir(exist_ok=True)
        path = folder / f"{job}-{len(running)}.log"
        with path.open("w") as log:
            process = subprocess.Popen(
                [sys.executable, str(ROOT / "jobs" / f"{job}.py"), *options],
                cwd=cwd,
                env=environment(**variables),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        process.log = path
        running.append(process)
        return process

    try:
        yield begin
    finally:
        for process in running:
            kill(process)


@pytest.fixture
def launch(tmp_path):
    """A ``launcher`` in the test's own folder."""
    with launcher(tmp_path) as begin:
        yield begin


@pytest.fixture
def start(launch, tmp_path):
    """Starts a short main job with its lake under ``tmp_path``."""
    return lambda *options, name="lake", **more: launch(
        "eval_i2p", "--lake", str(tmp_path / name), *SHORT, *options, **more
    )


def kill(process: subprocess.Popen) -> None:
    """SIGKILL to the job and everything that it started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and members(process):
        time.sleep(0.2)


def members(process: subprocess.Popen) -> list[psutil.Process]:
    """What lives of the process group that a job was started in, the job included."""
    living = []
    for one in psutil.process_iter():
        with suppress(psutil.Error, ProcessLookupError):
            if os.getpgid(one.pid) == process.pid and one.status() != psutil.STATUS_ZOMBIE:
                living.append(one)
    return living
