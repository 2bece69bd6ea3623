"""A small Ray of a test's own, whatever else runs on the machine."""

from collections.abc import Iterator
from contextlib import contextmanager

import ray

from pipelines.cluster import ray_variables


@contextmanager
def no_token() -> Iterator[None]:
    """Clusters of this process ask for none within the block.

    Left to itself, Ray has this process ask for one from its first ``ray.init`` on, and writes it to the home of whoever tests.
    """
    with ray_variables({"RAY_AUTH_MODE": "disabled"}):
        yield


@contextmanager
def own_ray(*_: object, num_cpus: int = 1) -> Iterator[None]:
    """Ends with the block; arguments by position are those of ``pipelines.cluster.cluster``, and count for nothing."""
    with no_token():
        ray.init("local", num_cpus=num_cpus, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
        try:
            yield
        finally:
            ray.shutdown()
