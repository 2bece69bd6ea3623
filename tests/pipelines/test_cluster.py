"""Waiting for the nodes of a growing cluster, on a real one of two processes."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import ray
from ray.cluster_utils import Cluster

from pipelines.cluster import Demand, require_nodes
from safesweep.errors import InputError
from tests.marks import STARTS_RAY

STORE = 80 * 2**20


@pytest.fixture
def growing(monkeypatch):
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    head = {"num_cpus": 1, "include_dashboard": False, "object_store_memory": STORE, "labels": {"role": "head"}}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    ray.init(address=cluster.address, logging_level="ERROR", log_to_driver=False)
    yield cluster
    ray.shutdown()
    cluster.shutdown()


@STARTS_RAY
def test_a_run_waits_for_nodes_that_are_on_their_way_and_is_refused_without_them(growing):
    needed = [Demand("vlm", 1, {"CPU": 1, "GPU": 0}, {"role": "vlm"}), Demand("writing", 1, {"CPU": 0.25})]
    with pytest.raises(InputError, match="needs 1.25 CPU, the cluster has 1; lower .* of vlm, writing"):
        require_nodes(needed, 0)
    with pytest.raises(InputError, match="needs 1 CPU on nodes labelled role=vlm, the cluster has 0"):
        require_nodes(needed[:1], 1)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(require_nodes, needed, 120)
        with pytest.raises(TimeoutError):
            waiting.result(1)
        # here, since Ray starts nodes from the main thread only
        growing.add_node(num_cpus=1, object_store_memory=STORE, labels={"role": "vlm"}, wait=False)
        waiting.result(150)
