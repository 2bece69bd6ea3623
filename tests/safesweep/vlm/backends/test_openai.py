"""The OpenAI-compatible backend against a real HTTP server: answers, retries, and errors that are never a silent "safe"."""

import asyncio
import json
import socket
from types import SimpleNamespace

import numpy as np
import pytest
from pydantic import ValidationError

from actors.vlm import make_client
from safesweep.config_errors import explain
from safesweep.errors import InputError
from safesweep.vlm.backends import parse_vlm
from safesweep.vlm.backends.openai import OpenAiVlm, check_endpoint
from safesweep.vlm.errors import (
    VlmCutOffError,
    VlmEmptyError,
    VlmError,
    VlmGaveUpError,
    VlmMalformedError,
    VlmQuotaError,
    VlmRefusedError,
)
from safesweep.vlm.vocabulary import HarmVocabulary
from tests.local_server import Handler, LocalServer
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
    given = {"model": "miniature", "url": server.url, "timeout_s": 60, "tries": 3}
    return OpenAiVlm(**{**given, **options})


def ask(server, **options):
    client = make_client(settings(server, **options))
    return client.ask(PICTURE, QUESTION).result(timeout=120), client


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
        ("hang", "no answer within 1 s"),
        ("close", "ServerDisconnectedError|ClientOSError"),
    ],
)
def test_lasting_trouble_is_an_error_that_says_so(serve, trouble, why):
    server = serve(*[trouble] * 2)
    with pytest.raises(VlmGaveUpError, match=f"2 attempts, the last: .*({why})"):
        ask(server, timeout_s=1 if trouble == "hang" else 60, tries=2)
    assert len(server.bodies) == 2


def test_pauses_grow(serve, monkeypatch):
    pauses, sleep = [], asyncio.sleep
    client = make_client(settings(serve(500, 500, 500), tries=4))

    async def noted(seconds):
        if asyncio.get_running_loop() is not client._loop:  # other clients of this process may be waiting too
            return await sleep(seconds)
        pauses.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", noted)
    assert client.ask(PICTURE, QUESTION).result(timeout=120) == "dagger"
    assert all(0.5 * mean <= found <= 1.5 * mean for found, mean in zip(pauses, (0.2, 0.4, 0.8), strict=True))


def test_too_many_requests_use_up_no_tries(serve):
    answer, client = ask(serve(*[429] * 5), tries=2)
    assert answer == "dagger" and client.retries == 5


def test_too_many_requests_for_ever_end_in_an_error(serve, monkeypatch):
    times = iter([0, 30, 119, 121])
    monkeypatch.setattr("safesweep.vlm.retries.time", SimpleNamespace(monotonic=times.__next__))
    with pytest.raises(VlmGaveUpError, match=r"not taken in 3 attempts, the last: .*status 429"):
        ask(serve(*[429] * 99), timeout_s=60, tries=2)


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
    nowhere = OpenAiVlm(model="m", url=f"http://127.0.0.1:{port}/v1", timeout_s=60, tries=2)
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


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"content": "", "finish_reason": "length"}, VlmCutOffError),
        ({"content": None, "finish_reason": "length", "reasoning_content": "a dagger"}, VlmCutOffError),
        ({"content": "<think>a dagger, a flame"}, VlmCutOffError),
        ({"content": "dagger, sk", "finish_reason": "length"}, VlmCutOffError),
        ({"content": ""}, VlmEmptyError),
        ({"content": None}, VlmEmptyError),
        ({"content": []}, VlmEmptyError),
        ({"content": "<think>a dagger</think>"}, VlmEmptyError),
    ],
)
def test_what_is_no_answer_is_an_error_at_once(serve, said, error):
    server = serve(said)
    with pytest.raises(error):
        ask(server)
    assert len(server.bodies) == 1


def test_thoughts_are_dropped_and_the_record_is_kept(serve):
    thought = "<think>a dagger? a flame? a skull?</think>\nskull"
    usage = {"prompt_tokens": 90, "completion_tokens": 21}
    answer, _ = ask(serve({"content": [{"type": "text", "text": thought}], "usage": usage}))
    assert (answer, answer.raw, answer.finish_reason) == ("skull", thought, "stop")
    assert (answer.prompt_tokens, answer.completion_tokens) == (90, 21)


def test_fields_that_servers_differ_in(serve):
    server = serve()
    ask(server, max_tokens_field="max_completion_tokens", extra_body={"temperature": None, "seed": 7}, max_new_tokens=9)
    [body] = server.bodies
    assert {*body} == {"model", "messages", "max_completion_tokens", "seed"}
    assert (body["max_completion_tokens"], body["seed"]) == (9, 7)
    with pytest.raises(ValueError, match="messages may not be set"):
        settings(server, extra_body={"messages": []})


VOCABULARY = HarmVocabulary.from_yaml("miniature")


def structured(server):
    return make_client(settings(server, structured=True)).ask(PICTURE, VOCABULARY.question()).result(timeout=30)


def test_a_structured_answer_is_asked_for_checked_and_put_into_words(serve):
    server = serve({"content": '{"terms": ["dagger", "skull"]}'})
    answer = structured(server)
    assert (answer, answer.raw) == ("dagger, skull", '{"terms": ["dagger", "skull"]}')
    assert server.bodies[0]["response_format"]["json_schema"]["name"] == "terms"
    with pytest.raises(VlmMalformedError, match="the answer is no JSON: 'dagger'"):
        structured(serve({"content": "dagger"}))
    with pytest.raises(VlmRefusedError):
        structured(serve({"content": "I cannot help with that."}))
    with pytest.raises(InputError, match=r"vlm.structured: no form is known for the answer to 'what\?'"):
        settings(server, structured=True).check(["what?"])


def test_a_spent_quota_is_an_error_at_once(serve):
    server = serve(402)
    with pytest.raises(VlmQuotaError, match="the quota is used up: status 402"):
        ask(server)
    assert len(server.bodies) == 1


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("localhost:8000/v1", "'localhost:8000/v1' has no scheme; allowed: http://localhost:8000/v1 or https://"),
        ("ftp://x/v1", "is no address of an API"),
        ("http://", "is no address of an API"),
        ("http://x/v1/chat/completions", "is too long; allowed: http://x/v1, where the API begins"),
    ],
)
def test_an_address_that_cannot_be_one_is_told_so(url, why):
    with pytest.raises(ValueError, match=why):
        OpenAiVlm(model="m", url=url)


def test_keys_are_stripped(serve, monkeypatch):
    server = serve(key="secret")
    monkeypatch.setenv("VLM_KEY", " secret\n")
    check_endpoint(server.url, "miniature", "VLM_KEY")
    for value, why in (("two keys", "is no key: a blank"), ("a\nb", "is no key"), (" \n", "is not set")):
        monkeypatch.setenv("VLM_KEY", value)
        with pytest.raises(InputError, match=why) as caught:
            check_endpoint(server.url, "miniature", "VLM_KEY")
        assert value.strip() == "" or value not in str(caught.value)


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


@pytest.mark.parametrize("script", [[503], [400], [429], ["garbage"], ["close"], ["hang"], [402]])
def test_what_is_secret_in_an_address_is_in_no_error(serve, script):
    """Whatever goes wrong: errors stand in trials, in logs and on the screen."""
    server = serve()
    server.always = script[0]
    url = f"http://me:pa55word@{server.address}/v1"
    vlm = settings(server, url=url, tries=1, timeout_s=0.5)
    with pytest.raises(VlmError) as caught:
        make_client(vlm).ask(PICTURE, QUESTION).result(timeout=30)
    assert "pa55" not in f"{caught.value}{vlm.described()}" and server.address in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "me:pa55word@host/v1",
        "http://me:pa55word@host/v1/chat/completions",
        "ftp://me:pa55word@host",
        "http://me:pa55word@127.0.0.1:9/v1",
    ],
)
def test_nor_in_what_is_said_before_a_run(url):
    with pytest.raises((ValueError, InputError)) as caught:
        parse_vlm({"backend": "openai", "model": "m", "url": url}).check()
    error = caught.value
    said = explain(error) if isinstance(error, ValidationError) else str(error)
    assert "pa55" not in str(InputError(said)) and ("host" in said or "127.0.0.1" in said)


def test_a_variables_name_is_no_key():
    """People write the key where its variable belongs; it is not shown."""
    with pytest.raises(ValidationError) as caught:
        parse_vlm({"backend": "openai", "model": "m", "url": "http://x/v1", "api_key_env": "sk-s3cret-key"})
    assert "api_key_env: " in explain(caught.value) and "s3cret" not in explain(caught.value)


def test_an_endpoint_that_points_elsewhere_is_not_followed(serve):
    """Pictures and keys go where the user says."""
    other, moved = serve(), []

    class Pointer(Handler):
        def do_POST(self):  # noqa: N802
            moved.append(self.path)
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(307)
            self.send_header("Location", f"{other.url}/chat/completions")
            self.send_header("Content-Length", "0")
            self.end_headers()

    pointer = LocalServer(Pointer)
    try:
        client = make_client(settings(other, url=f"http://{pointer.address}/v1"))
        with pytest.raises(VlmError, match="status 307"):
            client.ask(PICTURE, QUESTION).result(timeout=30)
    finally:
        pointer.close()
    assert moved == ["/v1/chat/completions"] and other.bodies == []
