"""Which Ray cluster a job joins: the one that is named, asked first whether it is there and lets this process in; else none."""

import os
import re
import socket
from typing import NamedTuple

from safesweep.errors import InputError

VARIABLE = "RAY_ADDRESS"
"""Set by ``ray job submit`` for the job, or by a user."""
ANSWER_S = 10.0
"""Seconds in which a cluster must answer."""
ALLOWED = "HOST:PORT of its head, or auto for the one that `ray start` started on this machine"
HOST_PORT = re.compile(r"(?P<host>\[[0-9A-Fa-f:]+\]|[^\s:/@?#\[\]]+):(?P<port>[0-9]{1,5})")


class Named(NamedTuple):
    """A cluster that a setting or the environment names."""

    by: str
    """``address`` or ``RAY_ADDRESS``."""
    address: str
    """HOST:PORT."""


def named_cluster(setting: str | None) -> Named | None:
    """The cluster that the option ``address`` or else ``RAY_ADDRESS`` names, when it can be joined; None: nothing, or ``local``, is named.

    Raises ``InputError`` when what is named is no cluster's address, when no cluster answers there in time, when it asks for
    another token than this process's, runs another Ray, or has no node on this machine.
    """
    by, written = ("address", setting) if setting else (VARIABLE, os.environ.get(VARIABLE, ""))
    written = written.strip()
    if written in ("", "local"):
        return None
    named = Named(by, _started_here(by) if written == "auto" else _host_port(by, written))
    _ask(named)
    return named


def running_here() -> str | None:
    """HOST:PORT of the cluster that ``ray start`` started on this machine, when something listens there; None: there is none."""
    address = _kept_address()
    if address is None:
        return None
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=1.0):
            return address
    except (OSError, ValueError):
        return None


def _kept_address() -> str | None:
    # ray start writes it to a file, which outlives a cluster that was killed
    from ray._private.utils import read_ray_address

    return read_ray_address() or None


def _started_here(by: str) -> str:
    address = _kept_address()
    if address is None:
        raise InputError(f"{by}: auto, but `ray start` has started no cluster on this machine; allowed: {ALLOWED}")
    return address


def _host_port(by: str, written: str) -> str:
    scheme = written.partition("://")[0].lower() if "://" in written else None
    if scheme in ("http", "https"):
        raise InputError(
            f"{by}: an {scheme}:// address is a dashboard's, and for `ray job submit --address`, which starts this command on "
            f"the cluster; to join a cluster from one of its nodes: {ALLOWED}"
        )
    if scheme is not None:
        raise InputError(f"{by}: a job cannot join a cluster by a {scheme}:// address; allowed: {ALLOWED}")
    found = HOST_PORT.fullmatch(written)
    if found is None or not 0 < int(found["port"]) < 2**16:
        raise InputError(f"{by}: {written.rpartition('@')[2][:80]!r} is no cluster's address; allowed: {ALLOWED}")
    return written


def _ask(named: Named) -> None:
    import grpc
    import ray
    from ray._private.grpc_utils import init_grpc_channel
    from ray._private.services import find_node_ids
    from ray.core.generated import gcs_service_pb2 as messages
    from ray.core.generated.gcs_pb2 import GcsNodeInfo
    from ray.core.generated.gcs_service_pb2_grpc import NodeInfoGcsServiceStub
    from ray.exceptions import AuthenticationError

    where = f"{named.by}: the cluster at {named.address}"
    try:
        with init_grpc_channel(named.address) as channel:
            service = NodeInfoGcsServiceStub(channel)
            version = service.CheckAlive(messages.CheckAliveRequest(), timeout=ANSWER_S).ray_version
            nodes = service.GetAllNodeInfo(messages.GetAllNodeInfoRequest(), timeout=ANSWER_S).node_info_list
    except AuthenticationError:
        raise InputError(f"{where} cannot be asked: {_token_hint()}") from None
    except grpc.RpcError as error:
        if error.code() in (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED):
            raise InputError(f"{where} does not let this process in: {_token_hint()}") from None
        raise InputError(
            f"{named.by}: no Ray cluster answers at {named.address} ({error.code().name}); it is gone, or the address is another's; "
            f"allowed: {ALLOWED}, or nothing, for a cluster of the job's own"
        ) from None
    if version != ray.__version__:
        raise InputError(f"{where} runs Ray {version}, this process {ray.__version__}; allowed: the same")
    alive = {node.node_id.hex() for node in nodes if node.state == GcsNodeInfo.ALIVE}
    if not alive & set(find_node_ids()):
        raise InputError(
            f"{where} has no node on this machine, and a job joins from a node: use `ray job submit`, or "
            f"`ray start --address={named.address}` here"
        )


def _token_hint() -> str:
    return (
        "it asks for a token; allowed: RAY_AUTH_MODE=token with the cluster's token in RAY_AUTH_TOKEN, in the file that "
        "RAY_AUTH_TOKEN_PATH names, or in ~/.ray/auth_token"
    )
