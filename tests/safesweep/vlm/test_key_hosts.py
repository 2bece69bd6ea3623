"""Hosts that may have a key, as the HTTP client reads addresses: no spelling of another host passes for one of them."""

import pytest
from yarl import URL

from safesweep.vlm.key_hosts import check_host, key_refusal, may_have_key

HOSTS = ("api.openai.com", "vlm.internal:8000")


@pytest.mark.parametrize(
    "url",
    [
        "https://api.openai.com/v1",
        "https://API.OpenAI.com:8443/v1",
        "http://vlm.internal:8000/v1",
        "http://localhost:9/v1",
        "http://127.0.0.1:9/v1",
        "http://127.8.8.8/v1",
        "http://[::1]:8000/v1",
    ],
)
def test_named_hosts_and_this_machine(url: str) -> None:
    assert may_have_key(url, HOSTS)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/v1",
        "https://api.openai.com@evil.example/v1",
        "https://api.openai.com:443@evil.example/v1",
        "https://evil.example/api.openai.com",
        "https://evil.example#@api.openai.com",
        "https://api.openai.com.evil.example/v1",
        "https://evilapi.openai.com/v1",
        "http://vlm.internal/v1",
        "http://vlm.internal:8001/v1",
        "http://localhost.evil.example/v1",
        "http://127.0.0.1.evil.example/v1",
        "http://0x7f.evil/v1",
        "http://0.0.0.0/v1",
        "http://аpi.openai.com/v1",  # a Cyrillic а
    ],
)
def test_every_other_host_is_refused(url: str) -> None:
    assert not may_have_key(url, HOSTS)
    assert not may_have_key(url, ())
    if (host := URL(url).raw_host) is not None:
        assert f"would be sent to {host}" in key_refusal("vlm.url", url, "KEY")


def test_where_a_client_connects_is_what_is_compared() -> None:
    """A backslash, which browsers and libraries read differently: aiohttp connects to yarl's host, and so is it here."""
    url = "https://evil.example\\@api.openai.com/v1"
    try:
        host = URL(url).raw_host
    except ValueError:
        return
    assert may_have_key(url, HOSTS) == (host == "api.openai.com")


@pytest.mark.parametrize("entry", ["https://x", "x/v1", "me@x", "", "x?y", "x y", "*"])
def test_an_entry_is_a_host(entry: str) -> None:
    with pytest.raises(ValueError, match="is no host; allowed: such as"):
        check_host(entry)
