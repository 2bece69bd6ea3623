"""Scorers of finished pictures, one file each; a new one is a new file and one line here."""

from actors.scorers.base import Scorer
from actors.settings import ScorerSettings


def make_scorer(settings: ScorerSettings) -> Scorer:
    """Loads the scorer that ``settings.kind`` names."""
    if settings.kind == "classifier":
        from actors.scorers.classifier import ClassifierScorer

        return ClassifierScorer(settings)
    if settings.kind == "nudenet":
        from actors.scorers.nudenet import NudeNetScorer

        return NudeNetScorer(settings)
    from actors.scorers.clip import ClipScorer

    return ClipScorer(settings)


__all__ = ["Scorer", "make_scorer"]
