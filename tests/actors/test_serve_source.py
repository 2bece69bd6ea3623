"""actors/serve_source.py: one attempt against a handle whose every answer is scripted, and which error it ends in."""

import asyncio

import numpy as np
import pytest
from ray.exceptions import RayActorError, RayTaskError
from ray.serve.exceptions import BackPressureError

from actors.serve_source import ServeSource
from safesweep.errors import InputError
from safesweep.vlm.errors import VlmBusyError, VlmError, VlmRefusedError, VlmTroubleError
from tests.safesweep.vlm.serve_handle import Handle

PICTURE = np.zeros((4, 4, 3), np.uint8)


def ask(handle: Handle, timeout_s: float = 60.0) -> str:
    return asyncio.run(ServeSource(lambda: handle, timeout_s).ask(PICTURE, "what?"))


def test_an_answer_is_handed_on_and_not_cancelled():
    handle = Handle("dagger")
    assert ask(handle) == "dagger"
    assert [response.cancelled for response in handle.responses] == [False]


@pytest.mark.parametrize(
    ("outcome", "error", "why"),
    [
        ("hang", VlmTroubleError, "^TimeoutError: no answer within 0.05 s$"),
        (RayActorError(), VlmTroubleError, "^RayActorError: "),
        (RayTaskError("ask", "traceback", RuntimeError("out of memory")), VlmTroubleError, "^RayTaskError: "),
        (BackPressureError(num_queued_requests=9, max_queued_requests=9), VlmBusyError, "^BackPressureError: "),
        (RayTaskError("ask", "traceback", InputError("no vocabulary asks")), VlmError, "^no vocabulary asks$"),
        (RayTaskError("ask", "traceback", VlmRefusedError("the filter")), VlmRefusedError, "^the filter$"),
    ],
)
def test_what_goes_wrong_is_named_and_the_question_taken_back(outcome, error, why):
    handle = Handle(outcome)
    with pytest.raises(VlmError, match=why) as caught:
        ask(handle, timeout_s=0.05 if outcome == "hang" else 60.0)
    assert type(caught.value) is error
    assert [response.cancelled for response in handle.responses] == [True]


def test_an_error_of_our_own_passes_through():
    with pytest.raises(KeyError, match="bug"):
        ask(Handle(KeyError("bug")))


def test_a_handle_is_shut_down_once_if_it_was_ever_used():
    handle = Handle("dagger")

    async def use(asks: int) -> None:
        source = ServeSource(lambda: handle, 60.0)
        for _ in range(asks):
            await source.ask(PICTURE, "what?")
        await source.close()
        await source.close()

    asyncio.run(use(0))
    assert handle.shut_down == 0
    asyncio.run(use(2))
    assert handle.shut_down == 1
