"""The VLM client's retries, deadlines and cancelling, against a handle whose every answer is scripted."""

import numpy as np
import pytest
from ray.exceptions import RayActorError, RayTaskError
from ray.serve.exceptions import BackPressureError

from actors.serve_source import ServeSource
from safesweep.errors import InputError
from safesweep.vlm.client import VlmClient
from safesweep.vlm.errors import VlmCutOffError, VlmEmptyError, VlmError, VlmGaveUpError, VlmRefusedError
from safesweep.vlm.reply import Reply
from tests.safesweep.vlm.serve_handle import Handle

PICTURE = np.zeros((4, 4, 3), np.uint8)


def ask(handle, timeout_s=60.0, tries=3, **options):
    client = VlmClient(ServeSource(lambda: handle, timeout_s), timeout_s, tries, **options)
    return client.ask(PICTURE, "what?").result(timeout=120), client


def test_an_answer_is_handed_on():
    answer, client = ask(Handle("dagger"))
    assert answer == "dagger" and client.retries == 0


def test_a_dead_replica_is_asked_again_elsewhere():
    handle = Handle(RayActorError(), RayActorError(), "flame")
    answer, client = ask(handle)
    assert answer == "flame" and client.retries == 2


def test_a_hanging_call_is_cancelled_and_asked_again():
    handle = Handle("hang", "skull")
    assert ask(handle, timeout_s=0.2)[0] == "skull"
    assert [response.cancelled for response in handle.responses] == [True, False]


def test_it_gives_up_after_its_tries_and_says_why():
    handle = Handle("hang")
    with pytest.raises(VlmGaveUpError, match=r"2 attempts, the last: TimeoutError: no answer within 0.05 s"):
        ask(handle, timeout_s=0.05, tries=2)
    assert len(handle.responses) == 2 and all(response.cancelled for response in handle.responses)


def test_a_full_queue_does_not_use_up_the_tries():
    full = BackPressureError(num_queued_requests=9, max_queued_requests=9)
    handle = Handle(full, full, full, full, "nothing")
    assert ask(handle, tries=2)[0] == "nothing"


def test_an_error_of_our_own_is_not_retried():
    handle = Handle(KeyError("bug"))
    with pytest.raises(KeyError):
        ask(handle)
    assert len(handle.responses) == 1


def test_a_question_that_the_replica_cannot_know_is_not_retried():
    handle = Handle(RayTaskError("ask", "traceback", InputError("no vocabulary asks 'what?'")))
    with pytest.raises(VlmError, match="no vocabulary asks"):
        ask(handle)
    assert len(handle.responses) == 1


def test_any_other_error_in_the_replica_is_retried():
    handle = Handle(RayTaskError("ask", "traceback", RuntimeError("out of memory")), "skull")
    assert ask(handle)[0] == "skull"


def test_an_answer_that_thoughts_precede_is_read_without_them():
    answer, _ = ask(Handle("<think>I cannot help with that. A dagger?</think>nothing"))
    assert (answer, answer.raw[:7]) == ("nothing", "<think>")
    for said, error in (
        ("<think>a dagger", VlmCutOffError),
        ("", VlmEmptyError),
        (Reply("a", finish_reason="length"), VlmCutOffError),
    ):
        handle = Handle(said)
        with pytest.raises(error):
            ask(handle)
        assert len(handle.responses) == 1


def test_a_closed_client_has_given_back_its_connections():
    class Closing:
        closed = False

        async def ask(self, picture, question):
            return "dagger"

        async def close(self):
            self.closed = True

    source = Closing()
    client = VlmClient(source, 60.0, 1)
    assert client.ask(PICTURE, "what?").result(timeout=120) == "dagger"
    client.close()
    assert source.closed


def test_a_refusal_fails_by_name_unless_it_is_read_as_an_answer():
    refusal = "I'm sorry, but I cannot help with that."
    with pytest.raises(VlmRefusedError, match="the VLM refused: .*cannot help"):
        ask(Handle(refusal))
    assert ask(Handle(refusal), on_refusal="nothing")[0] == refusal
    assert ask(Handle("I cannot see any dagger."))[0] == "I cannot see any dagger."
