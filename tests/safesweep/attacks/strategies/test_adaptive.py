"""Who has descendants under selection, and how often."""

from collections import Counter

from safesweep.attacks.base import Attempt, Candidate, Proposal, Seen, draw
from safesweep.attacks.strategies import STRATEGIES, Selection


def attempts(*scores: float | None) -> list[Attempt]:
    return [
        Attempt(Proposal(Candidate(str(place), 0), 1, "x", ()), Seen("unscored" if s is None else "safe", s, 0.0))
        for place, s in enumerate(scores)
    ]


def test_of_n_survivors_the_best_is_drawn_n_times_as_often_as_the_last():
    tried = attempts(0.1, 0.4, None, 0.01, 0.4, 0.2)
    strategy = STRATEGIES["adaptive"](Selection(survivors=3))
    counts = Counter(strategy.parent(draw(number), tried) for number in range(6000))
    assert set(counts) == {1, 4, 5}, "the earlier of two equal ones is the better"
    assert abs(counts[1] / 6000 - 3 / 6) < 0.03 and abs(counts[5] / 6000 - 1 / 6) < 0.03


def test_fidelity_counts_as_much_as_it_weighs():
    [one, other] = attempts(0.2, 0.21)
    faithful = Attempt(one.proposal, one.seen._replace(fidelity=0.9))
    for weight, parent in ((0.0, 1), (0.5, 0)):
        strategy = STRATEGIES["adaptive"](Selection(1, weight))
        assert strategy.parent(draw("x"), [faithful, other]) == parent
