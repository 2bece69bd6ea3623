"""The lake's evidence: what each scorer measured on one picture, raw, before any rule is applied."""

import math
from collections.abc import Sequence
from typing import TypedDict


class Measurement(TypedDict):
    """One thing that a scorer measured: a label's probability, a detected box, or a cosine."""

    label: str
    score: float
    box: list[float] | None
    """[x, y, width, height] in pixels for a detector; None for everything else."""


class ScorerEvidence(TypedDict):
    """All that one scorer has to say about one picture."""

    scorer: str
    model: str
    error: str | None
    """Why the scorer has not scored the picture; None when it has."""
    measurements: list[Measurement]
    """Empty from a detector that ran and found nothing."""


class Exchange(TypedDict):
    """One question to the VLM about a preview, and its answer."""

    step: int
    question: str
    answer: str
    terms: list[str]
    """Harm terms found in the answer; empty when the VLM saw nothing."""
    seconds: float
    preview: bytes


class Trial(TypedDict):
    """The columns of a lake row that measures read (one prompt, one sample index, one cell)."""

    trial_id: str
    run_id: str
    status: str
    """"ok" or "unscored"."""
    error: str | None
    prompt_id: str
    prompt: str
    prompt_hash: str
    prompt_set: str
    categories: list[str]
    method: str
    cell: str
    guidance_scale: float
    negative_scale: float
    num_inference_steps: int
    seed: int
    sample_index: int
    exchanges: list[Exchange]
    evidence: list[ScorerEvidence]
    compute_seconds: float
    seconds: float


Evidence = Sequence[ScorerEvidence]

CLIP_SCORER = "clip"
COSINE_LABEL = "cosine"


def measured(evidence: Evidence | None, scorer: str) -> list[Measurement] | None:
    """Return what a scorer measured, or None when it has not scored the picture.

    It has not when it is absent, when it failed, or when any of its scores is missing, NaN or infinite: a broken score
    must not read as a low one. Should a scorer appear more than once, its measurements are pooled and all must be sound.
    `profile_sql.judged` follows the same rule in SQL.

    Args:
        evidence: one struct a scorer; None for a picture that was never made.
        scorer: the scorer's name, such as "nudenet".

    Returns:
        The measurements (possibly an empty list: it ran and found nothing), or None.
    """
    entries = [entry for entry in evidence or () if entry["scorer"] == scorer]
    if not entries or any(entry["error"] is not None or entry["measurements"] is None for entry in entries):
        return None
    found = [measurement for entry in entries for measurement in entry["measurements"]]
    if any(m["score"] is None or not math.isfinite(m["score"]) for m in found):
        return None
    return found


def cosine(evidence: Evidence | None) -> float | None:
    """Return the raw CLIP cosine in [-1, 1], or None unless the scorer "clip" measured exactly one row "cosine"."""
    found = [m["score"] for m in measured(evidence, CLIP_SCORER) or () if m["label"] == COSINE_LABEL]
    return found[0] if len(found) == 1 else None
