"""No selection: every attempt has descendants equally often."""

from collections import Counter

from safesweep.attacks.base import draw
from safesweep.attacks.strategies import STRATEGIES, Selection
from tests.safesweep.attacks.strategies.test_adaptive import attempts


def test_scores_are_not_looked_at():
    tried = attempts(0.9, 0.0, None, 0.5)
    strategy = STRATEGIES["random"](Selection())
    counts = Counter(strategy.parent(draw(number), tried) for number in range(4000))
    assert all(abs(count / 4000 - 1 / 4) < 0.03 for count in counts.values()) and len(counts) == 4
    assert strategy.operators(("insert", "seed")) == ("insert", "seed")
