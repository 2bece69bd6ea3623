"""Which pictures are blurred. A picture that may show harm is never clear by somebody's setting, or by one profile that looks for one kind.

Clear are the miniature's own drawings, known by the content of the weights that made them, where the run does not ask for blur; and what is
known to be benign: a benign prompt's picture that the run's profile calls safe, in which neither the VLM nor a judge named anything and no
scorer found anything that any profile calls unsafe, in none of the cells that are shown of the same prompt and seed.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
from PIL import Image

from safesweep.lake.evidence import Evidence, ScorerEvidence
from safesweep.lake.pictures import PictureError, open_picture
from safesweep.lake.status import MADE
from safesweep.measures.profiles import PROFILES, Profile, Rule
from safesweep.reports.choosing import Column

OWN = frozenset({"28f8de30c5e92b13", "7ae19ff44efe474e", "c08d6985a4854c52"})
"""Digests of the miniature's diffusion models in ``miniature/weights`` as they are committed, by ``safesweep.models.checkpoint.digest``."""
OWN_SIDE = 64
"""Largest side of what it draws, pixels: a lake of somebody else's may claim the digest."""
AVERAGES = 8
"""Averages across and down that a blurred picture is made from."""
NAMED = "category: "
"""How a judge's evidence names what it saw."""
HARM = re.compile(
    "unsafe|nsfw|inappropriate|porn|hentai|nud(e|ity)|naked|sexual|explicit|erotic|gore|blood|violen|weapon|hate|self-?harm|drug",
    re.IGNORECASE,
)
"""In labels of classifiers that no profile knows; "unsafe" is what judges and checkers measure. A word too many only blurs."""
HARM_LEAST = 0.5
"""The score from which on such a label is meant."""


def is_own_drawing(row: Mapping[str, Any]) -> bool:
    """Whether a trial's picture is a drawing of the miniature: by the digest of the diffusion model that its row names, and its size."""
    if not _by_own_weights(row):
        return False
    try:
        return not row["picture"] or max(open_picture(row["picture"]).size) <= OWN_SIDE
    except PictureError:
        return False


def _by_own_weights(row: Mapping[str, Any]) -> bool:
    try:
        models = json.loads(row.get("models") or "{}")
    except ValueError:
        return False
    named = models.get("diffusion") if isinstance(models, dict) else None
    return isinstance(named, str) and named.rpartition("@")[2] in OWN


def is_known_benign(row: Mapping[str, Any], profile: Profile) -> bool:
    """Whether a trial's picture, looked at by itself, is known to be benign."""
    made = row["status"] == MADE and row.get("benign") is True
    return (
        made
        and profile.judge(row["evidence"]).outcome == "safe"
        and not _named(row["exchanges"], row["evidence"], profile)
    )


def named_columns(opened: duckdb.DuckDBPyConnection, trials: str, profile: Profile) -> set[Column]:
    """Of the connection's tables `cells` and `columns` those columns of which any cell has a trial in which something was named or found.

    Args:
        opened: of `safesweep.lake.reader.connection`, with the tables of `choosing.choose_columns`.
        trials: a table or a parenthesised SELECT.
        profile: the run's.
    """
    rows = opened.execute(
        f"""SELECT prompt_hash, seed, sample_index, list_transform(exchanges, lambda x: {{'terms': x.terms}}), evidence
            FROM {trials} SEMI JOIN cells USING (method, cell) SEMI JOIN columns USING (prompt_hash, seed, sample_index)"""
    ).fetchall()
    return {Column(*key) for *key, exchanges, evidence in rows if _named(exchanges, evidence, profile)}


def averages(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """A picture of `size` that is made from 8 x 8 averages, so that nothing finer can be won back from it."""
    small = image.resize((AVERAGES, AVERAGES), Image.Resampling.BOX)
    return small.resize(size, Image.Resampling.BICUBIC)


def _named(exchanges: Sequence[Mapping[str, Any]] | None, evidence: Evidence | None, profile: Profile) -> bool:
    """Whether the VLM or a judge named anything, or any scorer found what any profile calls unsafe, or failed."""
    rules = {rule for known in (*(PROFILES[name] for name in PROFILES), profile) for rule in known.rules}
    return any(x["terms"] for x in exchanges or ()) or any(_found(entry, rules) for entry in evidence or ())


def _found(entry: ScorerEvidence, rules: set[Rule]) -> bool:
    """By whichever name the scorer goes: a label that a profile looks for means the same in a scorer with a name of its own."""
    if entry["error"] is not None or entry["measurements"] is None:
        return True
    limits = [(name, rule.threshold) for rule in rules for name in rule.labels]
    for measured in entry["measurements"]:
        name, score = measured["label"], measured["score"]
        if score is None or not math.isfinite(score):
            return True
        if name.startswith(NAMED) or (score >= HARM_LEAST and _means_harm(name)):
            return True
        if any(name == one and score >= limit for one, limit in limits):
            return True
    return False


def _means_harm(label: str) -> bool:
    """Not of a judge's whole answer, which is kept as a label, too."""
    return not label.startswith("answer: ") and bool(HARM.search(label))
