"""Whose numbers these are: which weights measured and drew, as the trials themselves say. The manifest is held to it."""

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from safesweep.errors import NotJudgedError
from safesweep.lake.reader import connection, source
from safesweep.lake.scored import models_of

UNNAMED = "unnamed weights"
DRAWN_BY = ("diffusion", "vlm")
"""Roles whose weights each trial's column ``models`` names; scorers sign their evidence."""


def scorer_weights(files: Sequence[Path], wanted: Collection[str]) -> dict[str, Counter[str]]:
    """Scorer → weights → trials that they measured, from the evidence."""
    found: dict[str, Counter[str]] = {}
    for scorer, models in models_of(files).items():
        for model, trials in models.items() if scorer in wanted else ():
            found.setdefault(scorer, Counter())[UNNAMED if model is None else model] += trials
    return found


def drawing_weights(files: Sequence[Path]) -> dict[str, Counter[str]]:
    """Role → weights → trials, from the trials' own record of their models."""
    with connection() as opened:
        rows = opened.execute(
            f"SELECT coalesce(models, '{{}}'), count(*) FROM {source(files)} GROUP BY ALL ORDER BY ALL"
        ).fetchall()
    found: dict[str, Counter[str]] = {}
    for text, trials in rows:
        models = _mapping(text)
        for role in DRAWN_BY:
            if role in models:
                found.setdefault(role, Counter())[str(models[role])] += trials
    return found


def _mapping(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def version(model: str) -> str:
    """The digest where there is one: the same weights may lie in two folders."""
    return model.rpartition("@")[2]


def one_each(run: str, found: Mapping[str, Counter[str]], named: Mapping[str, Any]) -> dict[str, str]:
    """Role → its weights. ``named``: what the manifest says.

    Raises ``NotJudgedError`` where trials of one run name several weights for a role, or others than the manifest does.
    """
    weights = {}
    for role, models in found.items():
        if len({version(model) for model in models}) > 1:
            mixed = ", ".join(f"{model} ({trials} trials)" for model, trials in models.most_common())
            raise NotJudgedError(f"run {run!r} mixes weights: {role}: {mixed}; make or score its trials anew with one")
        weights[role] = min(models)
        said = str(named.get(role, ""))
        if "@" not in said:
            continue
        if "@" not in weights[role]:
            weights[role] = said  # evidence of an older version names no digest; the manifest is all there is
        elif version(said) != version(weights[role]):
            raise NotJudgedError(
                f"run {run!r}: its manifest names {role} {said}, its trials {weights[role]}: the two are not of one run"
            )
    return weights
