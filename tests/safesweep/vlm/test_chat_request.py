"""safesweep/vlm/chat_request.py: bodies and statuses without a server; over HTTP: backends/test_openai.py."""

import asyncio
import base64
import io

import numpy as np
import pytest
from PIL import Image

from safesweep.vlm.chat_request import ChatRequests, check_status
from safesweep.vlm.errors import VlmBusyError, VlmError, VlmQuotaError, VlmTroubleError
from safesweep.vlm.examples import Example
from safesweep.vlm.questions import Choice
from tests.safesweep.vlm.chat_server import completion

PICTURE = np.random.default_rng(0).integers(0, 256, (6, 9, 3), dtype=np.uint8)


def shown(part) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(part["image_url"]["url"].partition("base64,")[2]))))


def test_a_body_holds_the_examples_the_picture_as_it_is_and_the_options():
    requests = ChatRequests("m", 7, None, [Example(PICTURE, "dagger")], "max_completion_tokens", {"temperature": None})
    body = asyncio.run(requests.body(PICTURE, Choice("what?", ("Yes", "No"))))
    assert [turn["role"] for turn in body["messages"]] == ["user", "assistant", "user"]
    picture, text = body["messages"][-1]["content"]
    assert np.array_equal(shown(picture), PICTURE) and text == {"type": "text", "text": "what?"}
    assert type(text["text"]) is str
    assert {key: value for key, value in body.items() if key != "messages"} == {
        "model": "m",
        "max_completion_tokens": 7,
    }
    assert (
        shown(asyncio.run(ChatRequests("m", picture_size=4).body(PICTURE, ""))["messages"][0]["content"][0]).shape[0]
        == 4
    )


def test_an_answer_is_read_with_its_record():
    reply = ChatRequests("m").read("what?", completion(" dagger ", usage={"completion_tokens": 3}).decode(), "here")
    assert (reply, reply.finish_reason, reply.completion_tokens) == ("dagger", "stop", 3)


@pytest.mark.parametrize(
    ("status", "text", "error"),
    [
        (400, "no", VlmError),
        (402, "", VlmQuotaError),
        (408, "", VlmTroubleError),
        (429, "", VlmBusyError),
        (503, "", VlmTroubleError),
    ],
)
def test_each_status_has_its_error(status, text, error):
    check_status(200, {}, "fine", "here")
    with pytest.raises(VlmError, match="^here: .*status") as caught:
        check_status(status, {"Retry-After": "2"}, text, "here")
    assert type(caught.value) is error
    if error is VlmBusyError:
        assert caught.value.retry_after_s == 2.0
