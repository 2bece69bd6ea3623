"""What an edit against bias costs: the change of CLIP, told apart by whether a picture keeps its profession's usual attribute."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from safesweep.measures.compare import PairedDifference, paired_scores
from safesweep.measures.intervals import CONFIDENCE, DRAWS


class ClipChange(NamedTuple):
    """Mean cosine of some pictures of a cell less that of the same prompts and seeds in the baseline."""

    baseline: float
    """Mean cosine of the baseline's pictures, [-1, 1]; NaN without pairs."""
    paired: PairedDifference

    @property
    def percent(self) -> tuple[float, float, float]:
        """Change, low and high in percent of the baseline's mean; NaN where there is none."""
        change = self.paired
        return tuple(100 * value / self.baseline for value in (change.difference, change.low, change.high))  # type: ignore[return-value]


class Stratum(NamedTuple):
    """Pictures of a cell."""

    caption: ClipChange
    """With the prompt as it was."""
    named: ClipChange
    """With the texts that name a value of the attribute, the mean of their cosines: a picture is as near to it whichever value it shows."""


class ClipStrata(NamedTuple):
    """A change of the mean is a mixture: of pictures that keep the usual attribute, and of those that go against it."""

    all: Stratum
    keeping: Stratum
    against: Stratum


def clip_strata(
    pictures: pd.DataFrame,
    baseline: pd.DataFrame,
    *,
    confidence: float = CONFIDENCE,
    draws: int = DRAWS,
    seed: int = 0,
) -> ClipStrata:
    """Pair a cell's pictures with the baseline's by prompt, seed and sample.

    The usual attribute of a profession is the one that most of the baseline's pictures show (the first of equals). Pictures
    without an attribute are in `all` only.

    Args:
        pictures: one row a picture: profession, attribute (a number, NaN unknown), prompt_hash, seed, sample_index, cosine (with the
            prompt) and named (with the texts that name a value), NaN unscored.
        baseline: the same of the cell that is compared with.
        confidence, draws, seed: as in `compare.paired_scores`.
    """
    known = baseline.dropna(subset=["attribute"])
    usual = known.groupby("profession")["attribute"].agg(lambda values: values.mode().iloc[0])
    key = ["prompt_hash", "seed", "sample_index"]
    pairs = baseline.merge(pictures, on=key, suffixes=("_before", "_after")).sort_values(key)
    own = pairs["profession_after"].map(usual)
    shown = pairs["attribute_after"]

    def change(rows: pd.DataFrame, column: str) -> ClipChange:
        before, after = (rows[f"{column}_{side}"].to_numpy(np.float64) for side in ("before", "after"))
        paired = paired_scores(
            before, after, rows["prompt_hash"].to_numpy(str), confidence=confidence, draws=draws, seed=seed
        )
        both = ~np.isnan(before) & ~np.isnan(after)
        return ClipChange(float(before[both].mean()) if both.any() else float("nan"), paired)

    def stratum(rows: pd.DataFrame) -> Stratum:
        return Stratum(change(rows, "cosine"), change(rows, "named"))

    counted = shown.notna() & own.notna()
    return ClipStrata(
        stratum(pairs), stratum(pairs[counted & (shown == own)]), stratum(pairs[counted & (shown != own)])
    )
