"""The environment of the rain: a Ray of its own, clients that are led to the S3 server, temporary files in a folder that is looked at."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from unittest.mock import patch

from pipelines.cluster import ray_variables
from safesweep.files import ROOT
from tests.s3_server import KEYS

Result = TypeVar("Result")


def temporary(folder: Path) -> Path:
    """Where the processes of a rain in ``folder`` put temporary files."""
    return folder / "tmp"


def surroundings(folder: Path, work: Callable[[], Result]) -> Result:
    """``work`` in this environment, which the processes that it starts inherit."""
    temporary(folder).mkdir()
    dropped = ("RAY_", "SAFESWEEP_", "AWS_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    own = {
        "RAY_AUTH_MODE": "disabled",
        "RAY_USAGE_STATS_ENABLED": "0",
        # a busy machine is no dead one: a node that is killed refuses to be asked, one that is slow only answers late
        "RAY_health_check_timeout_ms": "60000",
        "RAY_gcs_rpc_server_reconnect_timeout_s": "300",
        "RAY_TMPDIR": str(folder),
        "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
        "RAY_SERVE_LOG_TO_STDERR": "0",
        "PYTHONPATH": str(ROOT),
        "TMPDIR": str(temporary(folder)),
        "OMP_NUM_THREADS": "1",
        **KEYS,
    }
    with patch.dict(os.environ, kept, clear=True), ray_variables(own):
        return work()
