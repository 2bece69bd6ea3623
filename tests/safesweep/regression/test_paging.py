"""Pages to people: whom the policy names is called, and one who cannot be reached hinders no other."""

import json
import sys

import pytest

from safesweep.regression.paging import page
from safesweep.regression.policy import PageSettings
from safesweep.regression.verdict import Verdict
from tests.local_server import Handler, LocalServer
from tests.safesweep.regression.made_nights import night

BAD = night(4, 0.5, Verdict.BLOCK, reasons=("asr: wörse",), reference="agreed")
MESSAGE = {
    "suite": "nightly",
    "run_id": "nightly-4",
    "date": "2026-11-04",
    "verdict": "BLOCK",
    "reasons": ["asr: wörse"],
    "reference": "agreed",
    "drift": None,
}


@pytest.fixture
def server():
    """A server that keeps what is posted to it and answers 200, but 503 to ``/down``."""
    posted = []

    class Keeper(Handler):
        def do_POST(self):  # noqa: N802
            body = self.rfile.read(int(self.headers["Content-Length"]))
            posted.append((self.path, self.headers["Content-Type"], json.loads(body)))
            self.send(503 if self.path == "/down" else 200, b"")

    opened = LocalServer(Keeper)
    opened.posted = posted
    yield opened
    opened.close()


def test_nobody_is_called_by_default():
    assert page(PageSettings(), BAD) == []


def test_the_webhook_and_the_command_get_the_same_json(server, tmp_path):
    told = tmp_path / "told"
    command = (sys.executable, "-c", f"import sys; open({str(told)!r}, 'w').write(sys.stdin.read())")
    assert page(PageSettings(webhook=f"http://{server.address}/hook"), BAD, command) == []
    assert server.posted == [("/hook", "application/json", MESSAGE)]
    assert json.loads(told.read_text(encoding="utf-8")) == MESSAGE


def test_a_service_of_apprise_gets_verdict_and_reasons(server):
    assert page(PageSettings(urls=(f"json://{server.address}/service",)), BAD) == []
    [(path, _, sent)] = server.posted
    assert path == "/service" and sent["title"] == "nightly 2026-11-04: BLOCK" and sent["type"] == "failure"
    assert sent["message"] == "Run nightly-4, compared with agreed.\nasr: wörse"


def test_every_page_that_fails_is_told_and_the_others_go_out(server):
    settings = PageSettings(
        webhook=f"http://{server.address}/down",
        urls=(f"json://user:secret@{server.address}/down", f"json://{server.address}/up"),
    )
    command, webhook, service = page(settings, BAD, ["/nowhere/pager", "--key", "secret"])
    assert command.startswith("--page_command /nowhere/pager: ") and "secret" not in command
    assert webhook.startswith(f"page.webhook http://{server.address}/…: ") and "503" in webhook
    assert service.startswith("page.urls json://…: ") and "503" in service and "secret" not in service
    assert [path for path, *_ in server.posted] == ["/down", "/down", "/up"]


TOKEN = "T0KEN-abcdef"


@pytest.mark.parametrize(
    "settings",
    [
        {"webhook": f"http://127.0.0.1:9/services/{TOKEN}?key={TOKEN}#{TOKEN}"},
        {"webhook": f"http://me:{TOKEN}@127.0.0.1:9/hook"},
        {"webhook": f"http://127.0.0.1:99999/{TOKEN}"},
        {"urls": (f"json://me:{TOKEN}@127.0.0.1:9/{TOKEN}?+X-Key={TOKEN}",)},
        {"urls": (f"jsons://127.0.0.1:9/{TOKEN}",)},
    ],
)
def test_no_part_of_an_address_that_may_be_a_key_is_told(settings):
    [told] = page(PageSettings(**settings, timeout_s=2), BAD)
    assert TOKEN not in told and TOKEN[:6] not in told


def test_arguments_of_the_program_are_not_told_when_it_fails():
    [told] = page(PageSettings(timeout_s=0.2), BAD, [sys.executable, "-c", f"import time; time.sleep(5) # {TOKEN}"])
    assert "timed out" in told and TOKEN not in told
    [told] = page(PageSettings(), BAD, [sys.executable, "-c", f"raise SystemExit(3) # {TOKEN}"])
    assert "status 3" in told and TOKEN not in told
