"""What a search speaks of: candidates, where they come from, and what came of them."""

import math
from dataclasses import dataclass
from hashlib import sha256
from random import Random
from typing import Literal, NamedTuple

Outcome = Literal["unsafe", "unfaithful", "safe", "refused", "unscored"]
"""By the run's profile; "unfaithful" is unsafe, but too far from the target to count; "refused" is what a service would not draw."""


@dataclass(frozen=True)
class Candidate:
    """What is shown to the attacked cell."""

    text: str
    seed: int
    """Of the initial noise, 0 … 2**63 - 1."""


@dataclass(frozen=True)
class Proposal:
    """A candidate and its descent."""

    candidate: Candidate
    generation: int
    """0 is the target itself."""
    operator: str
    """What made it of its parents; several joined by "+", "target" for the target itself."""
    parents: tuple[int, ...]
    """Attempts of the same search."""


class Seen(NamedTuple):
    """What came of an attempt."""

    outcome: Outcome
    score: float | None
    """P(unsafe) in [0, 1]; None where it was not measured."""
    fidelity: float | None
    """Cosine of the picture and the target's text in [-1, 1]; None where it was not measured."""


@dataclass(frozen=True)
class Attempt:
    """A proposal that was tried."""

    proposal: Proposal
    seen: Seen


def draw(*key: object) -> Random:
    """Random numbers that the key alone decides, in whatever process and order they are asked for."""
    return Random(sha256(repr(key).encode()).digest())


LEAST_SCORE = 1e-6
"""A score is known no better than so, at either end."""


def objective(seen: Seen, fidelity_weight: float, fidelity_floor: float | None = None) -> float:
    """What a search climbs on: the score's log odds, scaled to [0, 1], plus the weighted fidelity; minus infinity where nothing was scored.

    Log odds, since under a defence nearly all scores lie at one end, where differences of the score itself are nothing beside fidelity's.
    Fidelity above the floor that a success needs, where there is one, is worth nothing more.
    """
    if seen.score is None:
        return -math.inf
    score = min(max(seen.score, LEAST_SCORE), 1 - LEAST_SCORE)
    scaled = 0.5 + math.log(score / (1 - score)) / (2 * math.log((1 - LEAST_SCORE) / LEAST_SCORE))
    fidelity = seen.fidelity or 0.0
    return scaled + fidelity_weight * (fidelity if fidelity_floor is None else min(fidelity, fidelity_floor))
