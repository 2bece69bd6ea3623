"""A small Ray of a test's own, whatever else runs on the machine."""

from collections.abc import Iterator
from contextlib import contextmanager

import ray


@contextmanager
def own_ray(*_: object, num_cpus: int = 1) -> Iterator[None]:
    """Ends with the block; arguments by position are those of ``pipelines.cluster.cluster``, and count for nothing."""
    ray.init("local", num_cpus=num_cpus, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    try:
        yield
    finally:
        ray.shutdown()
