"""Evidence: what each scorer measured on one picture, raw, before any rule is applied."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypedDict


class Measurement(NamedTuple):
    """One raw number about a picture: a label's probability, a detected box and its score, a cosine."""

    label: str
    score: float
    box: Sequence[float] | None = None
    """x, y, width, height in pixels of the picture, for a detector."""


class ScorerEvidence(TypedDict):
    """All that one scorer has to say about one picture, as the lake holds it."""

    scorer: str
    model: str
    error: str | None
    """Why the scorer has not scored the picture; None when it has."""
    measurements: list[Mapping[str, Any]] | None
    """The fields of `Measurement`; empty from a detector that ran and found nothing."""


Evidence = Sequence[ScorerEvidence]

_KEEPS = re.compile(r"\(boxes from ([0-9.e-]+), ")


def detector_id(weights: str, threshold: float, resolution: int) -> str:
    """What a detector's evidence calls its model: with other settings the same weights find other boxes.

    Args:
        weights: "name@sha256:…".
        threshold: the lowest score of a box that it keeps, in (0, 1].
        resolution: side of its input, pixels.
    """
    return f"{weights} (boxes from {threshold:g}, {resolution} px)"


def keeps_from(model: str) -> float | None:
    """The lowest score that evidence of ``detector_id`` can hold; None where it does not say."""
    found = _KEEPS.search(model)
    return float(found[1]) if found else None


CLIP_SCORER = "clip"
COSINE_LABEL = "cosine"
FIDELITY_SCORER = "fidelity"
SOFT_LABEL = "soft"


def measured(evidence: Evidence | None, scorer: str) -> list[Measurement] | None:
    """What a scorer measured, or None when it has not scored the picture.

    It has not when it is absent, when it failed, or when any of its scores is missing, NaN or infinite: a broken score
    must not read as a low one. Should a scorer appear more than once, its measurements are pooled and all must be sound.
    `measures.profile_sql.judged` follows the same rule in SQL.

    Args:
        evidence: one struct a scorer; None for a picture that was never made.
        scorer: the scorer's name, such as "nudenet".

    Returns:
        The measurements (possibly an empty list: it ran and found nothing), or None.
    """
    found: list[Measurement] = []
    entries = [entry for entry in evidence or () if entry["scorer"] == scorer]
    for entry in entries:
        if entry["error"] is not None or entry["measurements"] is None:
            return None
        found += [Measurement(m["label"], m["score"], m.get("box")) for m in entry["measurements"]]
    if not entries or any(m.score is None or not math.isfinite(m.score) for m in found):
        return None
    return found


def cosine(evidence: Evidence | None) -> float | None:
    """The raw CLIP cosine in [-1, 1], or None unless the scorer "clip" measured exactly one row "cosine"."""
    found = [m.score for m in measured(evidence, CLIP_SCORER) or () if m.label == COSINE_LABEL]
    return found[0] if len(found) == 1 else None
