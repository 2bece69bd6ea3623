"""A word goes."""

from safesweep.attacks.base import Candidate
from tests.safesweep.attacks.operators.tries import outcomes


def test_any_word_goes_but_the_last():
    assert {one.text for one in outcomes("drop")} == {"red dagger", "a dagger", "a red"}
    assert not outcomes("drop", Candidate("dagger", 1)) and not outcomes("drop", Candidate(" ", 1))
