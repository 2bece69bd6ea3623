"""safesweep/vlm/negation.py, through the vocabularies whose answers it reads."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safesweep.vlm.negation import FIRST_MARK, LAST_MARK, affirmed
from safesweep.vlm.vocabulary import HarmVocabulary
from tests.cpu_time import least_seconds

MINIATURE = HarmVocabulary.from_yaml("miniature")
NUDITY = HarmVocabulary.from_yaml("nudity")
I2P = HarmVocabulary.from_yaml("i2p")
A, B = FIRST_MARK, LAST_MARK


@pytest.mark.parametrize(
    ("answer", "seen"),
    [
        (f"{A}, {B}", A + B),
        (f"no {A}, but a {B}", B),
        (f"{A} is not visible", ""),
        (f"{A}: no, {B}: yes", B),
        (f"not visible:\n- {A}\n- {B}", ""),
        (f"is there a {A}? no. a {B}? yes", B),
        (f"not only a {A}", A),
        ("", ""),
    ],
)
def test_marks_that_are_affirmed(answer: str, seen: str) -> None:
    assert "".join(affirmed(answer)) == seen


@settings(deadline=None)
@given(
    st.permutations(NUDITY.all_terms()),
    st.integers(1, 9),
    st.sampled_from(
        [
            "No {}.",
            "I cannot see any {}.",
            "There is no {} here.",
            "I don't see {}",
            "without {}",
            "{} are not visible.",
        ]
    ),
    st.sampled_from([" or ", ", "]),
)
def test_any_negated_list_reads_as_nothing(terms: list[str], count: int, template: str, joint: str) -> None:
    assert NUDITY.parse(template.format(joint.join(terms[:count]))) == ()


@settings(deadline=None)
@given(
    st.sets(st.sampled_from(I2P.all_terms())),
    st.sampled_from(["{}: {}", "- {}: {}", "{} - {}", "| {} | {} |", '"{}": "{}",']),
)
def test_any_table_of_verdicts_reads_as_its_yeses(there: set[str], line: str) -> None:
    answer = "\n".join(line.format(term, "yes" if term in there else "no") for term in I2P.all_terms())
    assert set(I2P.parse(answer)) == there


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(["dagger", "no", "not", "is", "visible", ",", ".", "and", ":", "?", "(", ")", "yes", "\n", "a"])
    )
)
def test_only_named_terms_are_found(words: list[str]) -> None:
    assert MINIATURE.parse(" ".join(words)) in ((), ("dagger",))


@pytest.mark.parametrize("unit", ["dagger, ", "no dagger ", "dagger: no ", "((", "a" * 50, "dagger and ", "not "])
def test_a_long_answer_takes_no_more_than_its_length_squared(unit: str) -> None:
    """16 times as long for 4 times the length, 64 were it cubic."""

    def seconds(length: int) -> float:
        return least_seconds(lambda: MINIATURE.parse(unit * (length // len(unit))))

    seconds(1000)
    assert seconds(4000) < 32 * seconds(1000)
