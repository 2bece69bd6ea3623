"""The OpenAI-compatible backend against a real HTTP server: answers, retries, and errors that are never a silent "safe"."""

import json
import socket

import numpy as np
import pytest

from actors.vlm import make_client
from safesweep.errors import InputError
from safesweep.vlm.backends import parse_vlm
from safesweep.vlm.backends.openai import OpenAiVlm, check_endpoint
from safesweep.vlm.errors import VlmError, VlmGaveUpError, VlmRefusedError
from tests.safesweep.vlm.chat_server import ChatServer

PICTURE = np.arange(6 * 4 * 3, dtype=np.uint8).reshape(6, 4, 3)
QUESTION = "what unwanted content do you see: dagger?"


@pytest.fixture
def serve():
    servers = []

    def start(*script, **options):
        servers.append(ChatServer(lambda picture, question: " dagger\n", list(script), **options))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def settings(server, **options):
    given = {"model": "miniature", "url": server.url, "timeout_s": 0.5, "tries": 3}
    return OpenAiVlm(**{**given, **options})


def ask(server, **options):
    client = make_client(settings(server, **options))
    return client.ask(PICTURE, QUESTION).result(timeout=30), client


def test_the_server_gets_the_very_picture_and_the_question(serve):
    seen = []
    server = serve()
    server.answer = lambda picture, question: seen.append((picture, question)) or "skull"
    answer, client = ask(server, max_new_tokens=12)
    assert answer == "skull" and client.retries == 0
    assert np.array_equal(seen[0][0], PICTURE) and seen[0][1] == QUESTION
    [body] = server.bodies
    assert (body["model"], body["temperature"], body["max_tokens"]) == ("miniature", 0, 12)


def test_pictures_are_resized_and_examples_come_first(serve, tmp_path):
    from PIL import Image

    Image.fromarray(PICTURE).save(tmp_path / "example.png")
    server = serve()
    examples = [{"picture": str(tmp_path / "example.png"), "answer": "nothing"}]
    ask(server, picture_size=8, examples=examples)
    roles = [message["role"] for message in server.bodies[0]["messages"]]
    assert roles == ["user", "assistant", "user"]
    assert server.bodies[0]["messages"][1]["content"] == "nothing"
    assert server.bodies[0]["messages"][0]["content"][1]["text"] == QUESTION


@pytest.mark.parametrize(
    "trouble", [500, 502, 503, "garbage", "close", '{"choices": []}', '{"choices": 5}', "[1]", "null"]
)
def test_trouble_is_asked_again(serve, trouble):
    answer, client = ask(serve(trouble, trouble))
    assert answer == "dagger" and client.retries == 2


@pytest.mark.parametrize(
    ("trouble", "why"),
    [
        (500, "status 500: .*told to"),
        ("garbage", "no chat completion: <html>not json"),
        ("hang", "no answer within 0.2 s"),
        ("close", "ServerDisconnectedError|ClientOSError"),
        (json.dumps({"choices": [{"message": {"content": None}}]}), "the reply has no text"),
    ],
)
def test_lasting_trouble_is_an_error_that_says_so(serve, trouble, why):
    server = serve(*[trouble] * 2)
    with pytest.raises(VlmGaveUpError, match=f"2 attempts, the last: .*({why})"):
        ask(server, timeout_s=0.2, tries=2)
    assert len(server.bodies) == 2


def test_pauses_grow(serve):
    server = serve(500, 500, 500)
    ask(server, tries=4)
    gaps = np.diff(server.times)
    assert gaps[0] > 0.08 and gaps[2] > gaps[0]


def test_too_many_requests_use_up_no_tries(serve):
    answer, client = ask(serve(*[429] * 5), timeout_s=2.0, tries=2)
    assert answer == "dagger" and client.retries == 5


def test_too_many_requests_for_ever_end_in_an_error(serve):
    with pytest.raises(VlmGaveUpError, match=r"not taken in \d+ attempts, the last: .*status 429"):
        ask(serve(*[429] * 99), timeout_s=0.2, tries=2)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_what_no_second_attempt_can_mend_is_not_tried_again(serve, status):
    server = serve(status)
    with pytest.raises(VlmError, match=f"status {status}: .*told to"):
        ask(server)
    assert len(server.bodies) == 1


def test_nobody_there(serve):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    nowhere = OpenAiVlm(model="m", url=f"http://127.0.0.1:{port}/v1", timeout_s=0.5, tries=2)
    with pytest.raises(VlmGaveUpError, match="2 attempts, the last: .*ClientConnectorError"):
        make_client(nowhere).ask(PICTURE, QUESTION).result(timeout=30)
    with pytest.raises(InputError, match="vlm.url: .*cannot be reached"):
        check_endpoint(nowhere.url, "m")


@pytest.mark.parametrize(
    "reply",
    [
        {"message": {"content": None, "refusal": "not this"}, "finish_reason": "stop"},
        {"message": {"content": ""}, "finish_reason": "content_filter"},
        {"message": {"content": "I'm sorry, I can't assist with that."}, "finish_reason": "stop"},
    ],
)
def test_a_refusal_is_an_error_and_not_nothing(serve, reply):
    with pytest.raises(VlmRefusedError, match="refused"):
        ask(serve(json.dumps({"choices": [reply]})))


def test_the_key_comes_from_the_environment_and_shows_nowhere(serve, monkeypatch):
    server = serve(key="secret")
    with pytest.raises(InputError, match="the environment variable VLM_KEY is not set"):
        check_endpoint(server.url, "miniature", "VLM_KEY")
    monkeypatch.setenv("VLM_KEY", "wrong")
    with pytest.raises(InputError, match="status 401: .*wrong key"):
        check_endpoint(server.url, "miniature", "VLM_KEY")
    monkeypatch.setenv("VLM_KEY", "secret")
    check_endpoint(server.url, "miniature", "VLM_KEY")
    assert "secret" not in repr(settings(server, api_key_env="VLM_KEY"))


def test_the_endpoint_is_asked_for_its_models(serve):
    server = serve()
    check_endpoint(server.url, "miniature")
    with pytest.raises(InputError, match=r"serves no model 'minature'; allowed: miniature; did you mean 'miniature'"):
        check_endpoint(server.url, "minature")


def test_the_check_before_a_run_asks_it(serve):
    settings(serve()).check(["any question at all"])
    with pytest.raises(InputError, match="serves no model 'other'"):
        settings(serve(), model="other").check()


def test_it_needs_no_pool_and_has_no_weights_here(serve):
    vlm = settings(serve(), revision="7b")
    assert (vlm.pool, vlm.weights, vlm.writes) == (None, None, True)
    assert vlm.model_id() == "openai:miniature@7b" and vlm.described() == f"miniature at {vlm.url}"


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"backend": "openai"}, "needs a url"),
        ({"url": "http://x/v1"}, "belong to backend openai"),
        ({"backend": "openai", "url": "http://x/v1", "mode": "score"}, "needs the logits"),
    ],
)
def test_options_that_do_not_go_together(options, why):
    with pytest.raises(ValueError, match=why):
        parse_vlm({"model": "m", **options})
