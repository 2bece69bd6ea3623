"""Scorers as a preset writes them."""

from typing import Any

from actors.scoring import load_scorer
from safesweep.scorers import Scorer, ScorerSettings, parse_scorer


def written(kind: str, **options: Any) -> ScorerSettings:
    """The settings of a scorer."""
    return parse_scorer({"kind": kind, **options})


def loaded(settings: ScorerSettings) -> Scorer:
    """The scorer itself, checked and loaded as the actor does it."""
    return load_scorer(settings).scorer
