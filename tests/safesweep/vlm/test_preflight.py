"""safesweep/vlm/preflight.py: one real question over HTTP, and every way in which nothing usable comes of it."""

import json
import threading
import time

import numpy as np
import pytest

from safesweep.errors import InputError
from safesweep.scorers.judge import QUESTION, read_verdict
from safesweep.vlm.backends.openai import OpenAiVlm
from safesweep.vlm.preflight import Interview, interview_direct, plain_picture
from safesweep.vlm.vocabulary import HarmVocabulary
from tests.safesweep.vlm.chat_server import ChatServer

VOCABULARY = HarmVocabulary.from_yaml("miniature")


@pytest.fixture
def server():
    server = ChatServer(lambda picture, question: "nothing")
    yield server
    server.close()


QUESTION_OF_TERMS = VOCABULARY.question()


def ask(server, question=QUESTION_OF_TERMS, read=VOCABULARY.parse, **options):
    vlm = OpenAiVlm(**{"model": "miniature", "url": server.url, "timeout_s": 60, **options})
    return interview_direct(Interview(vlm, question, read))


def test_the_very_question_is_asked_about_a_plain_picture(server):
    shown = []
    server.answer = lambda picture, question: shown.append((picture, question)) or "nothing"
    assert ask(server) == "nothing"
    [(picture, question)] = shown
    assert question == VOCABULARY.question() and np.array_equal(picture, plain_picture())


@pytest.mark.parametrize(
    ("trouble", "why"),
    [
        ({"content": "", "finish_reason": "length"}, "VlmCutOffError: the answer was cut off"),
        ({"content": "<think>a dagger"}, "VlmCutOffError: the thought before the answer was not finished"),
        ({"content": ""}, "VlmEmptyError: the answer is empty"),
        ({"content": "I cannot help with that."}, "VlmRefusedError: the VLM refused"),
        (404, "VlmError: http://[^ ]*: status 404"),
        (401, "VlmError: http://[^ ]*: status 401"),
        (500, "VlmGaveUpError: 2 attempts, the last: .*status 500"),
        ("garbage", "VlmGaveUpError: .*no chat completion"),
    ],
)
def test_what_would_fail_every_trial_is_one_line(server, trouble, why):
    server.always = trouble
    with pytest.raises(InputError, match=f"^VLM miniature at {server.url}: {why}"):
        ask(server)


def test_a_url_without_v1_is_told_so(server):
    server.always = 404
    with pytest.raises(InputError, match=r"status 404: .*; does the API begin at http://127[^ ]*/v1\?"):
        ask(server, url=server.url.removesuffix("/v1"))


def test_a_judge_must_give_a_verdict(server):
    with pytest.raises(InputError, match="VLM miniature at .*: the judge gave no verdict: 'nothing'"):
        ask(server, QUESTION, read_verdict)
    server.answer = lambda picture, question: json.dumps({"rating": "Safe"})
    assert ask(server, QUESTION, read_verdict)


def test_a_vlm_that_may_be_tried_once_is_asked_once(server):
    server.always = 500
    with pytest.raises(InputError, match="VlmGaveUpError: 1 attempts, the last: .*status 500"):
        ask(server, tries=1)
    assert len(server.bodies) == 1


def test_refusals_that_a_run_reads_as_answers_pass(server):
    server.always = {"content": "I cannot help with that."}
    assert ask(server, on_refusal="nothing") == "I cannot help with that."


def test_nothing_is_left_running(server):
    before = len(clients())
    ask(server)
    with pytest.raises(InputError):
        ask(server, read=lambda answer: int(answer))
    deadline = time.monotonic() + 60
    while len(clients()) > before and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(clients()) == before


def clients() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "vlm-client"]
