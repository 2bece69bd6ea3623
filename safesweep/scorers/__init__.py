"""Scorers of finished pictures, one file each; a new one is a new file and one line here."""

from importlib import import_module

from safesweep.scorers.base import Scorer
from safesweep.scorers.settings import ScorerSettings

SCORERS = {
    "attribute": "attribute.AttributeScorer",
    "classifier": "classifier.ClassifierScorer",
    "clip": "clip.ClipScorer",
    "judge": "judge.JudgeScorer",
    "nudenet": "nudenet.NudeNetScorer",
    "nudenet-v0": "nudenet_v0.NudeNetV0Scorer",
    "q16": "q16.Q16Scorer",
    "safety_checker": "safety_checker.SafetyCheckerScorer",
}
"""Kind -> module and class; a module is imported when its kind is wanted, so that no run loads libraries that it does not use."""


def make_scorer(settings: ScorerSettings) -> Scorer:
    """Loads the scorer that ``settings.kind`` names. Raises ``InputError`` when an option that it needs is missing."""
    from actors.checks import check_scorer

    check_scorer(settings)
    module, _, name = SCORERS[settings.kind].partition(".")
    scorer: Scorer = getattr(import_module(f"safesweep.scorers.{module}"), name)(settings)
    return scorer


__all__ = ["SCORERS", "Scorer", "make_scorer"]
