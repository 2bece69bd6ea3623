"""The beginning of one attempt and the end of another."""

from tests.safesweep.attacks.operators.tries import ONE, OTHER, outcomes


def test_it_is_a_beginning_of_one_and_an_end_of_the_other():
    first, second = ONE.text.split(), OTHER.text.split()
    allowed = {" ".join(first[:a] + second[b:]) for a in range(4) for b in range(5)} - {""}
    made = outcomes("cross_over", draws=600)
    assert {one.text for one in made} == allowed
    assert {one.seed for one in made} == {ONE.seed, OTHER.seed}


def test_an_attempt_is_not_crossed_with_itself():
    assert not outcomes("cross_over", ONE, ONE)
