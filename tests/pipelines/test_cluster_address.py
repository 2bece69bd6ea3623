"""Which cluster a job joins, and what is said of one that cannot be joined; the servers here are real, of gRPC's own or plain sockets."""

import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
import ray
from ray.core.generated import gcs_service_pb2 as messages
from ray.core.generated.gcs_service_pb2_grpc import NodeInfoGcsServiceServicer, add_NodeInfoGcsServiceServicer_to_server

from pipelines import cluster_address
from pipelines.cluster_address import named_cluster, running_here
from safesweep.errors import InputError
from tests.jobs.conftest import free_port


@pytest.fixture(autouse=True)
def nothing_named(monkeypatch, tmp_path):
    for name in ("RAY_ADDRESS", "RAY_AUTH_MODE", "RAY_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))


class Gcs(NodeInfoGcsServiceServicer):
    """A head that says what it is told to."""

    def __init__(self, version=ray.__version__, refuses=False):
        self.version, self.refuses = version, refuses

    def CheckAlive(self, request, context):  # noqa: N802
        if self.refuses:
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "InvalidAuthToken")
        return messages.CheckAliveReply(ray_version=self.version)

    def GetAllNodeInfo(self, request, context):  # noqa: N802
        return messages.GetAllNodeInfoReply()


@contextmanager
def serving(gcs):
    server = grpc.server(ThreadPoolExecutor(2))
    add_NodeInfoGcsServiceServicer_to_server(gcs, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(None)


def refusal(setting=None) -> str:
    with pytest.raises(InputError) as caught:
        named_cluster(setting)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_none_is_named_by_default_by_an_empty_variable_and_by_local(monkeypatch):
    assert named_cluster(None) is None
    for value in ("", " ", "local"):
        monkeypatch.setenv("RAY_ADDRESS", value)
        assert named_cluster(None) is None
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:9")
    assert named_cluster("local") is None


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://127.0.0.1:8265", "an http:// address is a dashboard's, and for `ray job submit"),
        ("HTTPS://head:8265/", "an https:// address is a dashboard's"),
        ("ray://head:10001", "cannot join a cluster by a ray:// address"),
        ("head", "'head' is no cluster's address"),
        ("me:secret@head:1", "'head:1' is no cluster's address"),
        ("head:6379/x", "'head:6379/x' is no cluster's address"),
        ("head:70000", "'head:70000' is no cluster's address"),
        ("auto", "auto, but `ray start` has started no cluster on this machine"),
    ],
)
def test_what_is_no_clusters_address_is_refused_by_the_name_of_who_named_it(monkeypatch, address, said):
    assert refusal(address).startswith("address: ") and said in refusal(address)
    monkeypatch.setenv("RAY_ADDRESS", address)
    assert refusal().startswith("RAY_ADDRESS: ") and said in refusal()
    assert "HOST:PORT" in refusal() and "secret" not in refusal()


def test_a_cluster_that_is_gone():
    address = f"127.0.0.1:{free_port()}"
    assert refusal(address).startswith(f"address: no Ray cluster answers at {address} (UNAVAILABLE); it is gone")


def test_auto_means_the_one_of_ray_start_and_its_file_may_outlive_it(tmp_path):
    kept = Path(tmp_path / "ray" / "ray_current_cluster")
    kept.parent.mkdir()
    with serving(Gcs()) as address:
        kept.write_text(address)
        assert running_here() == address
        assert f"the cluster at {address} has no node on this machine" in refusal("auto")
    assert running_here() is None
    assert f"no Ray cluster answers at {address}" in refusal("auto")
    kept.write_text("nonsense")
    assert running_here() is None


def test_an_address_at_which_nobody_speaks(monkeypatch):
    monkeypatch.setattr(cluster_address, "ANSWER_S", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert "(DEADLINE_EXCEEDED)" in refusal(f"127.0.0.1:{silent.getsockname()[1]}")


def test_a_cluster_that_wants_another_token_runs_another_ray_or_is_elsewhere():
    with serving(Gcs(refuses=True)) as address:
        assert f"the cluster at {address} does not let this process in: it asks for a token" in refusal(address)
    with serving(Gcs(version="2.1.0")) as address:
        assert f"runs Ray 2.1.0, this process {ray.__version__}" in refusal(address)
    with serving(Gcs()) as address:
        said = refusal(address)
        assert "has no node on this machine" in said and "`ray job submit`" in said
