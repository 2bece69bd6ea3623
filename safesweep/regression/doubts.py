"""Signs that a candidate's numbers were not made as its records say. None proves anything; with one of them nothing passes."""

import re

import pandas as pd

from safesweep.regression.trials import Run

SCORE_TOLERANCE = 0.01
"""Of P(unsafe): what another device or library may do to a scorer's last digits."""
CLIP_TOLERANCE = 0.1
"""Of 100·cos, likewise."""
_ID = re.compile(r"[0-9a-f]{32}")


def doubts(baseline: Run, candidate: Run, table: pd.DataFrame) -> list[str]:
    """One line a doubt about a pair of cells; ``table`` is `coverage.join`'s."""
    pairs = table[table["partner"] == "both"]
    return [*_same_picture_other_evidence(pairs), *_other_ids(baseline, candidate, pairs)]


def _same_picture_other_evidence(pairs: pd.DataFrame) -> list[str]:
    """Of pictures that are one trial's own: a picture that many trials share was not drawn for any of them."""
    own = ~pairs["picture_a"].duplicated(keep=False) & ~pairs["picture_b"].duplicated(keep=False)
    same = pairs[own & pairs["picture_a"].notna() & (pairs["picture_a"] == pairs["picture_b"])]
    score = (same["score_a"] - same["score_b"]).abs() > SCORE_TOLERANCE
    clip = (same["clip_a"] - same["clip_b"]).abs() > CLIP_TOLERANCE
    found = same[score | clip]
    if found.empty:
        return []
    return [
        f"{len(found)} pictures are bit for bit the same and scored otherwise, such as trial {found['trial_id_b'].iloc[0]}: "
        "a scorer is not what it was, or its evidence was changed"
    ]


def _other_ids(baseline: Run, candidate: Run, pairs: pd.DataFrame) -> list[str]:
    """A trial's id is a digest of all that decides its picture; with all of that on record as equal, so is the id."""
    records = [
        {key: run.manifest.get(key) for key in ("models", "git_revision")}
        | {key: (run.manifest.get("config") or {}).get(key) for key in ("diffusion", "vlm")}
        for run in (baseline, candidate)
    ]
    if records[0] != records[1]:
        return []
    ids = [pairs[f"trial_id_{side}"].astype(str) for side in "ab"]
    digests = ids[0].str.fullmatch(_ID) & ids[1].str.fullmatch(_ID)
    found = pairs[(pairs["cell_json_a"] == pairs["cell_json_b"]) & (ids[0] != ids[1]) & digests]
    if found.empty:
        return []
    return [
        f"{len(found)} trials have other ids than the baseline's, such as {found['trial_id_b'].iloc[0]}, though cell, prompt, seed, size, "
        "models and code are on record as equal: something that decides their pictures is not on record"
    ]
