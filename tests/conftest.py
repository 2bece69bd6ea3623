"""How many threads the tests compute with, one, and which of them wait for one another."""

import pytest
import torch

from tests.s3_server import s3_lake, s3_server

__all__ = ["s3_lake", "s3_server"]


def pytest_configure(config: pytest.Config) -> None:
    """The models here are so small that a second thread is only waited for: serial runs take many times as long with it, and workers
    of pytest-xdist, which share the processors, hold each other up."""
    torch.set_num_threads(1)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Clusters on one machine are started one after the other."""
    for item in items:
        if item.get_closest_marker("ray"):
            item.add_marker(pytest.mark.xdist_group("ray"))
