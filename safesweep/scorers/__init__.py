"""Scorers of finished pictures, one file each; a new one is a new file and one line here, or a plugin that adds to the registry."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, SerializeAsAny, ValidationError

from safesweep.config_errors import explain
from safesweep.errors import InputError, did_you_mean
from safesweep.registry import Registry
from safesweep.scorers.base import Scorer, ScorerSettings

SCORERS: Registry[type[ScorerSettings]] = Registry(
    "scorer",
    {
        "attribute": "safesweep.scorers.attribute:AttributeSettings",
        "classifier": "safesweep.scorers.classifier:ClassifierSettings",
        "clip": "safesweep.scorers.clip:ClipSettings",
        "fidelity": "safesweep.scorers.fidelity:FidelitySettings",
        "judge": "safesweep.scorers.judge:JudgeSettings",
        "llama_guard4": "safesweep.scorers.llama_guard4:LlamaGuard4Settings",
        "llavaguard": "safesweep.scorers.llavaguard:LlavaGuardSettings",
        "nudenet": "safesweep.scorers.nudenet:NudeNetSettings",
        "nudenet-v0": "safesweep.scorers.nudenet_v0:NudeNetV0Settings",
        "preference": "safesweep.scorers.preference:PreferenceSettings",
        "q16": "safesweep.scorers.q16:Q16Settings",
        "safety_checker": "safesweep.scorers.safety_checker:SafetyCheckerSettings",
        "shieldgemma2": "safesweep.scorers.shieldgemma2:ShieldGemma2Settings",
    },
)
"""Kind -> its settings."""


def parse_scorer(value: Any) -> ScorerSettings:
    """A scorer from a mapping such as ``{"kind": "nudenet", "threads": 4}``.

    Raises ``InputError`` for an unknown kind, an option that the kind does not have or lacks, and a value of a wrong type or range.
    """
    if isinstance(value, ScorerSettings):
        return value
    if not isinstance(value, Mapping):
        raise InputError(f"must be a mapping of options, found {type(value).__name__}")
    if "kind" not in value:
        raise InputError(f"kind: is missing; allowed: {', '.join(SCORERS)}")
    settings = SCORERS[value["kind"]]
    options = settings.model_fields
    where = f"scorer {value.get('name') or value['kind']!r}"
    for option in value:
        if option not in options:
            hint = did_you_mean(str(option), options)
            raise InputError(
                f"{where}: {option}: kind {value['kind']} has no such option; allowed: {', '.join(options)}{hint}"
            )
    for option, field in options.items():
        if field.is_required() and value.get(option) is None:
            raise InputError(f"{where}: {option} is missing; {field.description}")
    try:
        return settings.model_validate(value)
    except ValidationError as error:
        raise InputError(f"{where}: {explain(error)}") from error


AnyScorer = Annotated[SerializeAsAny[ScorerSettings], BeforeValidator(parse_scorer)]
"""A scorer as a field of a configuration: of the class that its ``kind`` names."""

__all__ = ["SCORERS", "AnyScorer", "Scorer", "ScorerSettings", "parse_scorer"]
