"""How the tests run side by side."""

import pytest
import torch


def pytest_configure(config: pytest.Config) -> None:
    """Workers of pytest-xdist share the processors: one that waits for its second thread would hold up all."""
    if hasattr(config, "workerinput"):
        torch.set_num_threads(1)
