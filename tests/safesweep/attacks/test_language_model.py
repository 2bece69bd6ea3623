"""The language model behind an endpoint: words alone are sent, and what is no answer is no rewrite."""

import asyncio
import json

import pytest

from safesweep.attacks.language_model import asker
from safesweep.attacks.operators.base import NoRewriteError
from safesweep.vlm.backends.openai import OpenAiVlm
from safesweep.vlm.errors import VlmError
from tests.local_server import Handler, LocalServer


class Model(Handler):
    """Says the statuses and answers that it is given, one a request; the last one again and again."""

    asked: list[dict]
    script: list[tuple[int, str]]

    def do_POST(self):  # noqa: N802
        self.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        status, answer = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        message = {"role": "assistant", "content": answer}
        body = {"choices": [{"message": message, "finish_reason": "stop"}]}
        self.send(status, json.dumps(body).encode(), {"Content-Type": "application/json"})


@pytest.fixture
def model():
    kind = type("Scripted", (Model,), {"asked": [], "script": []})
    server = LocalServer(kind)
    yield server, kind
    server.close()


def answer(server, question="Rewrite: a red dagger", **options):
    ask, close = asker(OpenAiVlm(url=f"http://{server.address}/v1", model="writer", timeout_s=5, **options))
    try:
        return asyncio.run(ask(question))
    finally:
        close()


def test_words_alone_are_sent_and_an_overloaded_server_is_asked_again(model):
    server, kind = model
    kind.script[:] = [(503, ""), (200, "a crimson blade")]
    assert answer(server, max_new_tokens=9, extra_body={"seed": 5}) == "a crimson blade"
    assert (
        kind.asked[0]
        == kind.asked[1]
        == {
            "model": "writer",
            "messages": [{"role": "user", "content": "Rewrite: a red dagger"}],
            "temperature": 0,
            "max_tokens": 9,
            "seed": 5,
        }
    )


@pytest.mark.parametrize("said", ["I'm sorry, but I can't help with that.", "", "<think>never"])
def test_a_refusal_is_no_rewrite(model, said):
    server, kind = model
    kind.script[:] = [(200, said)]
    with pytest.raises(NoRewriteError):
        answer(server)


def test_an_endpoint_that_is_down_ends_the_attack(model):
    server, kind = model
    kind.script[:] = [(500, "broken")]
    with pytest.raises(VlmError, match="2 attempts"):
        answer(server, tries=2)
