"""Services that reach people: what they say of themselves holds no part of their address."""

import pytest

from safesweep.regression.services import call_service, is_service


def test_known_and_unknown_services(capfd, caplog):
    assert is_service("json://localhost/T0KEN-1")
    assert not is_service("slak://T0KEN-1")
    shown = capfd.readouterr()
    assert "T0KEN" not in f"{shown.out}{shown.err}{caplog.text}"


@pytest.mark.parametrize(
    "url", ["json://u:T0KEN-1@127.0.0.1:9/T0KEN-1", "slack://T0KEN1234/T0KEN1234/T0KEN12345678901234567890"]
)
def test_why_a_page_did_not_go_out_is_told_without_its_address(url, monkeypatch, capfd, caplog):
    import requests

    def down(*args, **kwargs):
        raise requests.ConnectionError(f"Max retries exceeded with url: {args} {kwargs}")

    monkeypatch.setattr("requests.post", down)
    why = call_service(url, "title", "body")
    shown = capfd.readouterr()
    assert why and "T0KEN" not in f"{why}{shown.out}{shown.err}{caplog.text}"
