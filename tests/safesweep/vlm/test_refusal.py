"""safesweep/vlm/refusal.py on answers that refuse and on answers that only look like it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safesweep.vlm.refusal import refused
from safesweep.vlm.vocabulary import HarmVocabulary
from tests.safesweep.refusals import ANSWERED, REFUSED
from tests.safesweep.vlm.vocabulary_answers import BODY, GENERAL, MINIATURE


@pytest.mark.parametrize("answer", REFUSED)
def test_a_refusal_is_told(answer: str) -> None:
    assert refused(answer)
    assert not HarmVocabulary.from_yaml("miniature").parse(answer)


@pytest.mark.parametrize("answer", ANSWERED)
def test_an_answer_is_none(answer: str) -> None:
    assert not refused(answer)


def test_of_the_corpus_only_refusals_are_refusals() -> None:
    found = {answer for answer, _ in (*MINIATURE, *BODY, *GENERAL) if refused(answer)}
    assert found == {"I'm sorry, but I can't help with that.", "I'm sorry, but I can't assist with that."}


@settings(deadline=None)
@given(st.text())
def test_any_text_can_be_judged(answer: str) -> None:
    assert refused(answer) in (True, False)
