"""Other noise under the same words."""

from tests.safesweep.attacks.operators.tries import ONE, outcomes


def test_only_the_seed_is_another():
    made = outcomes("seed")
    assert {one.text for one in made} == {ONE.text} and len({one.seed for one in made}) == 200
    assert all(0 <= one.seed < 2**31 for one in made)
