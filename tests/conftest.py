"""How many threads the tests compute with, one, and which of them wait for one another."""

import os
from collections.abc import Iterator

import pytest
import torch

from tests.other_store_servers import azure_lake, azure_place, google_lake, google_place
from tests.s3_server import s3_lake, s3_server

__all__ = ["azure_lake", "azure_place", "google_lake", "google_place", "s3_lake", "s3_server"]


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


@pytest.fixture(autouse=True)
def leaves_ray_as_it_was(request: pytest.FixtureRequest) -> Iterator[None]:
    """What one test sets for Ray is no other's: its mode and token stay in the process's environment until someone takes them away."""
    before = _ray_variables()
    yield
    if request.node.get_closest_marker("ray"):
        assert _ray_variables() == before


def _ray_variables() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith("RAY_")}
