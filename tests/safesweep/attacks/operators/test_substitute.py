"""One word becomes another of the vocabulary."""

from tests.safesweep.attacks.operators.tries import ONE, WORDS, outcomes


def test_any_one_word_becomes_any_of_the_vocabulary():
    made = {one.text for one in outcomes("substitute")}
    words = ONE.text.split()
    assert made == {" ".join([*words[:at], new, *words[at + 1 :]]) for at in range(3) for new in WORDS}
    assert {one.seed for one in outcomes("substitute")} == {ONE.seed}
