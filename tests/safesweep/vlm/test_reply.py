"""safesweep/vlm/reply.py: an answer is its text, and its record goes where it goes."""

import copy
import pickle

import pytest
import ray.cloudpickle

from safesweep.vlm.reply import Reply

REPLY = Reply(
    "dagger",
    raw="<think>hm</think>dagger",
    finish_reason="stop",
    prompt_tokens=12,
    completion_tokens=5,
    weights={"dagger": 0.9},
)
FIELDS = ("raw", "finish_reason", "prompt_tokens", "completion_tokens", "weights")


@pytest.mark.parametrize(
    "moved", [copy.copy(REPLY), pickle.loads(pickle.dumps(REPLY)), ray.cloudpickle.loads(ray.cloudpickle.dumps(REPLY))]
)
def test_the_record_survives_every_way_of_travelling(moved: Reply) -> None:
    assert moved == "dagger" and isinstance(moved, Reply)
    assert [getattr(moved, name) for name in FIELDS] == ["<think>hm</think>dagger", "stop", 12, 5, {"dagger": 0.9}]


def test_of_a_plain_answer_only_its_text_is_known() -> None:
    plain = Reply.of("skull")
    assert (plain, [getattr(plain, name) for name in FIELDS]) == ("skull", ["skull", None, None, None, None])
    assert Reply.of(REPLY) is REPLY


def test_what_is_read_keeps_the_record() -> None:
    read = REPLY.read_as("flame")
    assert read == "flame" and [getattr(read, name) for name in FIELDS] == [getattr(REPLY, name) for name in FIELDS]
