"""To which hosts a key may be sent. A preset names the variable that holds the key and the address; who may have the key its user says."""

import ipaddress
import re
from collections.abc import Iterable

from yarl import URL

_HOST = re.compile(r"(?:[\w.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?")


def check_host(entry: str) -> str:
    """``entry``, a host or ``host:port`` as a setting names it. Raises ``ValueError`` for anything else."""
    if not _HOST.fullmatch(entry):
        raise ValueError(f"{entry!r} is no host; allowed: such as api.openai.com or vlm.internal:8000")
    return entry


def may_have_key(url: str, hosts: Iterable[str]) -> bool:
    """Whether the host of ``url``, as the HTTP client reads it, is this machine's own (loopback) or one of ``hosts``; one that names a
    port stands for this port alone. Raises ``ValueError`` for no URL."""
    read = URL(url)
    host = read.raw_host or ""
    if host == "localhost" or _is_loopback(host):
        return True
    named = [URL(f"//{check_host(entry)}") for entry in hosts]
    return any(one.raw_host == host and one.explicit_port in (None, read.port) for one in named)


def key_refusal(where: str, url: str, variable: str) -> str:
    """The error for a key that nobody has given to the host of ``url``; ``where`` names the address in the configuration."""
    host = URL(url).raw_host
    return (
        f"{where}: the key in {variable} would be sent to {host}, which is no host that may have it; allowed: this machine itself, "
        f"hosts that --api_key_hosts names on the command line (or SAFESWEEP_API_KEY_HOSTS), or {where} given there"
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
