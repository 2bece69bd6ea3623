"""A job's own cluster lets nobody in without its token; waiting for the nodes of a growing one. Both are real ones."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import grpc
import psutil
import pytest
import ray
from ray.cluster_utils import Cluster

from pipelines.cluster import Demand, cluster, require_nodes
from safesweep.errors import InputError
from safesweep.files import ROOT
from tests.jobs.conftest import environment
from tests.marks import STARTS_RAY
from tests.own_ray import no_token

STORE = 80 * 2**20
RUNS = 'print("it ran", ray.get(ray.remote(lambda: 6 * 7).remote()))'
PLAINLY = f'import ray, sys; ray.init(sys.argv[1], log_to_driver=False, logging_level="ERROR"); {RUNS}'
AS_JOBS_DO = f"""
import ray, sys
from pipelines.cluster import cluster
with cluster(sys.argv[1]):
    {RUNS}
try:
    ray.put(1)  # as a handle's thread may; where a job has left its cluster this may start no other
except Exception as error:
    print("left", error)
assert not ray.is_initialized()
"""
METHODS = (
    "/ray.rpc.NodeInfoGcsService/CheckAlive",
    "/ray.rpc.CoreWorkerService/NumPendingTasks",
    "/ray.rpc.NodeManagerService/GetNodeStats",
    "/ray.rpc.ObjectManagerService/Pull",
)
"""One of each service that a process of Ray's has: of a head, a worker, a node, and its store."""


def second_process(code: str, address: str, **variables: str) -> subprocess.CompletedProcess:
    """Another process on this machine that wants to run code on the cluster."""
    command = [sys.executable, "-c", code, address]
    there = environment(PYTHONPATH=str(ROOT), **variables)
    return subprocess.run(command, env=there, capture_output=True, text=True, timeout=120)


def listening() -> set[int]:
    """Ports on other interfaces than the loopback of the processes that this one has started, and of its own."""
    me = psutil.Process()
    found = set()
    for process in (me, *me.children(recursive=True)):
        for connection in process.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and not connection.laddr.ip.startswith("127."):
                found.add(connection.laddr.port)
    return found


def answers(host: str, ports: set[int], token: str | None = None) -> set[tuple[str, str]]:
    """(method, code) of all calls that a port takes for a call of gRPC."""
    found = set()
    metadata = [("authorization", f"Bearer {token}")] if token else []
    for port in ports:
        with grpc.insecure_channel(f"{host}:{port}") as channel:
            for method in METHODS:
                try:
                    channel.unary_unary(method)(b"", timeout=5, metadata=metadata)
                    found.add((method, "OK"))
                except grpc.RpcError as error:
                    found.add((method, error.code().name))
    return found


def pages(host: str, ports: set[int]) -> set[int]:
    """The status with which ports that speak HTTP answer one who would have them set up a process's environment."""
    found = set()
    for port in ports:
        try:
            with urlopen(f"http://{host}:{port}/get_or_create_runtime_env", data=b"", timeout=5) as answer:
                found.add(answer.status)
        except HTTPError as error:
            found.add(error.code)
        except (OSError, HTTPException):
            continue
    return found


@STARTS_RAY
def test_a_second_process_without_the_token_is_refused_at_the_machines_outer_address(
    without_token, monkeypatch, request
):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    # a short path: sockets of Ray's have theirs in it
    folder = Path(tempfile.mkdtemp(prefix="ss"))
    monkeypatch.setenv("RAY_TMPDIR", str(folder))
    request.addfinalizer(lambda: shutil.rmtree(folder, ignore_errors=True))
    (folder / "ray").mkdir()
    said: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as other:
        theirs = f"127.0.0.1:{other.getsockname()[1]}"
        (folder / "ray" / "ray_current_cluster").write_text(theirs)
        running = contextlib.ExitStack()
        running.enter_context(cluster(say=said.append))
    assert said == [
        f"cluster   the one at {theirs}, which `ray start` started on this machine, is not used: this job starts its own; "
        "--address auto joins it"
    ]
    with running:
        token, address = os.environ["RAY_AUTH_TOKEN"], ray.get_runtime_context().gcs_address
        host = address.rpartition(":")[0]
        assert not host.startswith("127.") and len(token) == 64
        seen = ray.get(ray.remote(lambda: (os.environ["RAY_AUTH_MODE"], os.environ["RAY_AUTH_TOKEN"])).remote())
        assert seen == ("token", token)
        refused = second_process(
            PLAINLY,
            address,
            RAY_py_gcs_connect_timeout_s="2",
            RAY_nums_py_gcs_reconnect_retry="0",
            RAY_gcs_rpc_server_connect_timeout_s="1",
        )
        assert refused.returncode and "it ran" not in refused.stdout
        assert "InvalidAuthToken" in refused.stderr and "Failed to connect to Ray cluster" in refused.stderr
        guessed = second_process(AS_JOBS_DO, address, RAY_AUTH_MODE="token", RAY_AUTH_TOKEN="0" * 64)
        assert f"address: the cluster at {address} does not let this process in: it asks for a token" in guessed.stderr
        assert guessed.returncode and "it ran" not in guessed.stdout

        ports = listening()
        assert int(address.rpartition(":")[2]) in ports and len(ports) > 5
        # 405: ports that give figures to whoever asks, and take nothing
        assert 401 in (seen := pages(host, ports)) and seen <= {401, 405}
        without = answers(host, ports)
        assert {code for _, code in without} <= {"UNAUTHENTICATED", "UNIMPLEMENTED", "UNAVAILABLE"}
        assert {method for method, code in without if code == "UNAUTHENTICATED"} == set(METHODS)
        assert {("/ray.rpc.NodeInfoGcsService/CheckAlive", "OK")} <= answers(host, ports, token)

        admitted = second_process(AS_JOBS_DO, address, RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=token)
        assert "it ran 42" in admitted.stdout and "left" in admitted.stdout and not admitted.returncode, admitted.stderr
    assert os.environ["RAY_AUTH_MODE"] == "disabled" and "RAY_AUTH_TOKEN" not in os.environ


@pytest.fixture
def without_token():
    with no_token():
        yield


@pytest.fixture
def growing(without_token):
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


SLOW_TO_CLEAN_UP = """
import sys, time
from pathlib import Path
from pipelines.cluster import cluster
with cluster(sys.argv[1]):
    try:
        print("at work", flush=True)
        # many short ones: a signal that comes just before a sleep begins is told of at its end
        for _ in range(1000):
            time.sleep(0.1)
    finally:
        time.sleep(5)
        Path(sys.argv[2]).touch()
"""


def test_sigterm_leaves_the_time_to_clean_up(tmp_path):
    command = [sys.executable, "-c", SLOW_TO_CLEAN_UP, "local", str(tmp_path / "cleaned")]
    job = subprocess.Popen(command, env=environment(PYTHONPATH=str(ROOT)), stdout=subprocess.PIPE, text=True)
    try:
        assert job.stdout.readline() == "at work\n"
        job.terminate()
        assert job.wait(timeout=100) == 143
        assert (tmp_path / "cleaned").exists()
    finally:
        job.kill()
        job.wait()
