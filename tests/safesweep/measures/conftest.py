"""Small lakes in the contract's shape."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.safesweep.lake.rows import write_run


@pytest.fixture
def write_lake(tmp_path: Path) -> Callable[..., Path]:
    """Write rows as part files of run "r": one list of rows a file."""
    return partial(write_run, tmp_path)
