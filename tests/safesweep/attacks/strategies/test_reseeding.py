"""The file as it is, under other seeds."""

from safesweep.attacks.base import draw
from safesweep.attacks.strategies import STRATEGIES, Selection
from tests.safesweep.attacks.strategies.test_adaptive import attempts


def test_every_attempt_descends_from_the_target_by_its_seed():
    strategy = STRATEGIES["reseeding"](Selection())
    assert {strategy.parent(draw(number), attempts(0.1, 0.9)) for number in range(50)} == {0}
    assert strategy.operators(("insert", "seed", "drop")) == ("seed",)
