"""The attack: candidates descend from the best attempts so far."""

from collections.abc import Sequence
from random import Random

from safesweep.attacks.base import Attempt, objective
from safesweep.attacks.strategies.base import Strategy


class Adaptive(Strategy):
    """Truncation selection, linear in rank: of n survivors the best is drawn n times as often as the last."""

    def parent(self, drawn: Random, attempts: Sequence[Attempt]) -> int:
        """One of the survivors; of equal ones the earlier is the better."""
        weight, floor = self.selection.fidelity_weight, self.selection.fidelity_floor
        worth = [objective(one.seen, weight, floor) for one in attempts]
        ranked = sorted(range(len(attempts)), key=lambda place: (-worth[place], place))
        best = ranked[: self.selection.survivors]
        return drawn.choices(best, weights=range(len(best), 0, -1))[0]
