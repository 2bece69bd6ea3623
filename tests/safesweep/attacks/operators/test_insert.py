"""A word of the vocabulary comes in."""

from tests.safesweep.attacks.operators.tries import ONE, WORDS, outcomes


def test_any_of_the_vocabulary_comes_in_anywhere():
    words = ONE.text.split()
    assert {one.text for one in outcomes("insert")} == {
        " ".join([*words[:at], new, *words[at:]]) for at in range(4) for new in WORDS
    }


def test_no_candidate_grows_beyond_the_most_words():
    assert not outcomes("insert", most_words=3) and outcomes("insert", most_words=4)
