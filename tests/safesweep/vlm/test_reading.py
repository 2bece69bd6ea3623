"""safesweep/vlm/reading.py: thoughts are no answer; what is empty or cut off is an error by name."""

import contextlib

import pytest

from safesweep.vlm.errors import VlmCutOffError, VlmEmptyError
from safesweep.vlm.reading import SHOWN, THOUGHTS, final_answer, read_reply
from safesweep.vlm.reply import Reply
from tests.cpu_time import least_seconds


@pytest.mark.parametrize(("opening", "closing"), THOUGHTS)
def test_thoughts_are_dropped_however_they_are_marked(opening: str, closing: str) -> None:
    assert final_answer(f"{opening}a dagger? a flame? a skull?{closing}\n\nnothing") == "nothing"
    assert final_answer(f"a dagger? a flame?{closing}skull") == "skull", "its opening stood in the prompt"
    with pytest.raises(VlmCutOffError, match="the thought before the answer was not finished: .*a dagger"):
        final_answer(f"{opening}a dagger? a flame")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("dagger", "dagger"),
        (" dagger\n", "dagger"),
        ("<THINK>flame</Think>dagger", "dagger"),
        ("<think>a</think>dagger<think>b</think>, skull", "dagger, skull"),
        ("<think>a <think> b</think>dagger", "dagger"),
        ("<think>a</think>b</think>dagger", "dagger"),
        ("flame? <think>a</think>b</think>dagger", "dagger"),
        ("<think>flame</think><answer>skull</answer>", "skull"),
        ("<answer>flame</answer> no: <answer>skull</answer>", "skull"),
        ("<SUMMARY>a flame?</SUMMARY><REASONING>a flame</REASONING><CONCLUSION>nothing</CONCLUSION>", "nothing"),
        ("<|begin_of_box|>skull<|end_of_box|>", "skull"),
        ("<answer>skull", "skull"),
        ("Let me see.<|begin_of_solution|>skull<|end_of_solution|>", "skull"),
        ("a thinking man", "a thinking man"),
    ],
)
def test_the_final_answer_counts(text: str, answer: str) -> None:
    assert final_answer(text) == answer
    read = read_reply(Reply(text, finish_reason="stop", prompt_tokens=3, completion_tokens=4))
    assert (read, read.raw, read.completion_tokens) == (answer, text, 4)


@pytest.mark.parametrize("reason", ["length", "LENGTH", "max_tokens", "model_length"])
@pytest.mark.parametrize("text", ["", "dagger, sk", "<think>a dagger", "<think>flame</think>dag"])
def test_what_the_limit_ended_is_an_error(reason: str, text: str) -> None:
    with pytest.raises(
        VlmCutOffError, match=f"cut off after 64 tokens .finish reason {reason}.*allow more max_new_tokens"
    ):
        read_reply(Reply(text, finish_reason=reason, completion_tokens=64))


def test_of_a_long_answer_that_was_cut_off_the_end_is_shown() -> None:
    words = " ".join(map(str, range(200)))
    with pytest.raises(VlmCutOffError) as caught:
        read_reply(Reply(words, finish_reason="length"))
    assert f"'…{words[-SHOWN:]}'" in str(caught.value) and "0 1 2 3" not in str(caught.value)
    assert "the answer was cut off (finish reason length)" in str(caught.value), "nobody counted its tokens"


@pytest.mark.parametrize("text", ["", " \n", "<think>a dagger</think>", "<answer> </answer>"])
@pytest.mark.parametrize("reason", ["stop", None])
def test_an_empty_answer_is_an_error(text: str, reason: str | None) -> None:
    with pytest.raises(VlmEmptyError, match="the answer is empty"):
        read_reply(Reply(text, finish_reason=reason))


@pytest.mark.parametrize(
    "piece", ["<think>", "</think>", "<think>a</think>", "<answer>", "<answer>a</answer>", "<", " "]
)
def test_the_time_to_read_an_answer_grows_with_its_length(piece: str) -> None:
    """16 times the length takes 16 times as long, 256 were it the square."""

    def read(length: int) -> None:
        with pytest.raises(VlmCutOffError) if piece == "<think>" else contextlib.nullcontext():
            final_answer(piece * (length // len(piece)))

    assert least_seconds(lambda: read(96_000)) < 64 * least_seconds(lambda: read(6_000))
