"""A Ray head of the tests' own, with a dashboard: jobs can be submitted to it, and it says which actors it runs."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import psutil

from tests.jobs.conftest import environment, free_port

RAY = Path(sys.executable).with_name("ray")
VENV = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
"""A job's `python` is the one that its node finds first."""


class Head(NamedTuple):
    """Where it is reached."""

    dashboard: str
    """For job submission and the state API."""
    address: str
    """What ``RAY_ADDRESS`` names."""
    folder: Path
    """Its ``RAY_TMPDIR``."""


@contextmanager
def ray_head(log: Path, cpus: int = 4, **variables: str) -> Iterator[Head]:
    """Runs for the block's time; ``log`` takes its output, ``variables`` are its workers'."""
    # a socket's path may have 107 characters, which pytest's own folders leave too few of
    folder = Path(tempfile.mkdtemp(prefix="ss"))
    port, dashboard = free_port(), free_port()
    command = [RAY, "start", "--head", "--block", f"--port={port}", "--dashboard-host=127.0.0.1"]
    command += [f"--dashboard-port={dashboard}", f"--num-cpus={cpus}", "--object-store-memory=300000000"]
    command += [f"--temp-dir={folder / 'ray'}", "--disable-usage-stats", "--min-worker-port=0", "--max-worker-port=0"]
    command += [f"--dashboard-agent-listen-port={free_port()}", f"--metrics-export-port={free_port()}"]
    with log.open("w") as output:
        head = subprocess.Popen(
            command,
            env=environment(**VENV, **variables),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    url = f"http://127.0.0.1:{dashboard}"
    try:
        deadline = time.monotonic() + 120
        while subprocess.run(
            [RAY, "job", "list", "--address", url], env=environment(**variables), capture_output=True
        ).returncode:
            assert head.poll() is None and time.monotonic() < deadline, log.read_text()[-3000:]
            time.sleep(1)
        yield Head(url, f"127.0.0.1:{port}", folder)
    finally:
        if head.poll() is None:
            for process in [*psutil.Process(head.pid).children(recursive=True), head]:
                with suppress(psutil.NoSuchProcess):  # it ended with its parent
                    process.kill()
        head.wait()
        shutil.rmtree(folder, ignore_errors=True)
