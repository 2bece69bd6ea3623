"""safesweep/vlm/completion.py: bodies as servers send them."""

import json
from typing import Any

import pytest

from safesweep.vlm.completion import SHOWN, quota_spent, read_completion
from safesweep.vlm.errors import VlmRefusedError, VlmTroubleError


def body(content: Any, reason: Any = "stop", usage: Any = None, **message: Any) -> str:
    return json.dumps(
        {"choices": [{"message": {"content": content, **message}, "finish_reason": reason}], "usage": usage}
    )


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (" dagger\n", "dagger"),
        ([{"type": "text", "text": "dagger"}], "dagger"),
        ([{"type": "text", "text": "dagger, "}, {"type": "output_text", "text": "skull"}], "dagger, skull"),
        (
            [{"type": "thinking", "thinking": [{"type": "text", "text": "flame"}]}, {"type": "text", "text": "skull"}],
            "skull",
        ),
        ([{"type": "reasoning", "text": "flame"}, {"text": "skull"}], "skull"),
        (["dagger"], "dagger"),
        ([], ""),
        (None, ""),
        ("", ""),
    ],
)
def test_text_is_taken_whole_or_in_parts(content: Any, text: str) -> None:
    assert read_completion(body(content), "http://x") == text


def test_the_record_is_taken() -> None:
    reply = read_completion(body("a", "length", {"prompt_tokens": 7, "completion_tokens": 64}), "http://x")
    assert (reply.finish_reason, reply.prompt_tokens, reply.completion_tokens) == ("length", 7, 64)
    reply = read_completion(body("a", None, {"prompt_tokens": "many", "completion_tokens": True}), "http://x")
    assert (reply.finish_reason, reply.prompt_tokens, reply.completion_tokens) == (None, None, None)


@pytest.mark.parametrize(
    "refusing",
    [
        body(None, refusal="not this"),
        body("", "content_filter"),
        body("", "SAFETY"),
        body("", "refusal"),
        body("", "PROHIBITED_CONTENT"),
        body([{"type": "refusal", "refusal": "not this"}]),
    ],
)
def test_a_refusal_is_told(refusing: str) -> None:
    with pytest.raises(
        VlmRefusedError, match="http://x: refused: (not this|content_filter|SAFETY|refusal|PROHIBITED_CONTENT)"
    ):
        read_completion(refusing, "http://x")


def test_a_reply_that_is_no_completion_is_shown_in_short() -> None:
    with pytest.raises(VlmTroubleError) as caught:
        read_completion("<html>\n" + "x" * 1_000, "http://x")
    assert str(caught.value).endswith("no chat completion: <html> " + "x" * (SHOWN - 7) + "…")


@pytest.mark.parametrize(
    "broken", ["", "<html>", "null", "[]", "{}", '{"choices": []}', body(5), body([5]), body([{"type": "text"}])]
)
def test_another_body_is_trouble(broken: str) -> None:
    with pytest.raises(VlmTroubleError, match="no chat completion"):
        read_completion(broken, "http://x")


SPENT = (
    *("insufficient_quota", "billing_hard_limit_reached", "insufficient_balance", "insufficient_credits"),
    "quota_exceeded",
)
OPENAI = json.dumps(
    {"error": {"message": "You exceeded your current quota, please check", "code": "insufficient_quota"}}
)
RATE = json.dumps({"error": {"message": "Rate limit reached for requests", "code": "rate_limit_exceeded"}})
GEMINI = json.dumps([{"error": {"message": "You exceeded your current quota", "details": [{"retryDelay": "31s"}]}}])


@pytest.mark.parametrize(
    ("status", "headers", "text", "spent"),
    [
        (429, {}, OPENAI, True),
        (429, {"Retry-After": "1"}, OPENAI, True),
        (402, {}, "", True),
        *((429, {}, json.dumps({"error": {"code": code}}), True) for code in SPENT),
        (403, {}, '{"error": "Your credit balance is too low"}', True),
        (429, {}, '{"error": {"message": "Insufficient Balance"}}', True),
        (429, {}, RATE, False),
        (429, {}, GEMINI, False),
        (429, {"Retry-After": "1"}, '{"error": {"message": "You exceeded your current quota"}}', False),
        (429, {}, "", False),
        (403, {}, "forbidden", False),
        (500, {}, OPENAI, False),
    ],
)
def test_a_spent_quota_is_told_from_a_rate(status: int, headers: dict[str, str], text: str, spent: bool) -> None:
    assert quota_spent(status, headers, text) is spent
