"""Joins or starts a Ray cluster, with the settings without which a run can fail or hang."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCAL_CPUS = 8
"""Logical CPUs of a local cluster on a small machine: every stage must find a slot, or the pipeline waits for ever."""


@contextmanager
def cluster() -> Iterator[None]:
    """A connection to the cluster that ``RAY_ADDRESS`` names (as in a submitted job), else a local one for the block's time."""
    submitted = bool(os.environ.get("RAY_ADDRESS"))
    if not submitted:
        # token auth of a past `ray start` on this machine would lock a local cluster's own workers out
        os.environ.setdefault("RAY_AUTH_MODE", "disabled")
        # workers import this code from where the driver did
        paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(paths))
    import ray

    logging.getLogger("ray.data").setLevel(logging.ERROR)
    logging.getLogger("ray.serve").setLevel(logging.ERROR)
    if submitted:
        ray.init(log_to_driver=False, logging_level=logging.ERROR)
    else:
        ray.init(
            num_cpus=max(LOCAL_CPUS, os.cpu_count() or 1),
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            object_store_memory=512 * 2**20,
        )
    try:
        yield
    finally:
        ray.shutdown()
