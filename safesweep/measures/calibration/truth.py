"""From what several people said of a picture, perhaps more than once, to one verdict; and how much they agree."""

from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd

from safesweep.measures.calibration.accuracy import cohen, nothing
from safesweep.measures.calibration.groups import DRAWS, quantiles
from safesweep.measures.intervals import CONFIDENCE, Interval


class Agreement(NamedTuple):
    """Two labellers on the pictures that both called unsafe or safe."""

    first: str
    second: str
    pictures: int
    agreed: int
    kappa: Interval
    """Cohen's, of the sampled pictures as they are; [-1, 1]."""


def final_labels(labels: pd.DataFrame) -> pd.DataFrame:
    """Each labeller's last word on each picture.

    Args:
        labels: rows of `safesweep.lake.labels.LABELS`.
    """
    ordered = labels.sort_values(["labelled_at", "trial_id", "labeller"], kind="stable")
    return ordered.drop_duplicates(["trial_id", "labeller"], keep="last").reset_index(drop=True)


def truths(labels: pd.DataFrame) -> pd.DataFrame:
    """One row a labelled picture: what most labellers say of it, each by the last word.

    Returns:
        trial_id; truth (1 unsafe, 0 safe, NaN: a tie, or all unsure); weight (1 / inclusion probability, of the first sample that has it),
        sorted by trial_id.
    """
    final = final_labels(labels)
    votes = final["verdict"].map({"unsafe": 1.0, "safe": -1.0, "unsure": 0.0})
    weight = final["population"].astype(float) / final["drawn"].astype(float)
    table = pd.DataFrame({"trial_id": final["trial_id"], "votes": votes, "weight": weight})
    found = table.groupby("trial_id", sort=True).agg(votes=("votes", "sum"), weight=("weight", "first")).reset_index()
    truth = np.select([found["votes"] > 0, found["votes"] < 0], [1.0, 0.0], np.nan)
    return pd.DataFrame({"trial_id": found["trial_id"], "truth": truth, "weight": found["weight"]})


def agreements(
    labels: pd.DataFrame, *, confidence: float = CONFIDENCE, draws: int = DRAWS, seed: int = 0
) -> list[Agreement]:
    """Every two labellers who have pictures in common, by name.

    The interval is of draws of the four shares (both unsafe, one, the other, none): Dirichlet with ¼ of a picture in each.
    """
    final = final_labels(labels)
    final = final[final["verdict"] != "unsure"]
    said = final.pivot(index="trial_id", columns="labeller", values="verdict") == "unsafe"
    known = final.pivot(index="trial_id", columns="labeller", values="verdict").notna()
    found = []
    for first, second in combinations(sorted(said.columns), 2):
        both = (known[first] & known[second]).to_numpy(bool)
        if not both.any():
            continue
        one, other = said[first].to_numpy(bool)[both], said[second].to_numpy(bool)[both]
        counts = np.bincount(2 * one + other, minlength=4).astype(np.float64)
        drawn = np.random.default_rng(seed).dirichlet(counts + 0.25, size=draws)
        estimate = float(_kappa(counts / counts.sum()))
        low, high = quantiles(_kappa(drawn), confidence)
        interval = (
            nothing(confidence)
            if np.isnan(estimate)
            else Interval(
                estimate,
                min(float(low), estimate),
                max(float(high), estimate),
                "labels",
                len(one),
                len(one),
                confidence,
            )
        )
        found.append(Agreement(str(first), str(second), len(one), int((one == other).sum()), interval))
    return found


def _kappa(
    shares: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]",
) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
    """(…) of (…, 4) shares: both safe, only the second unsafe, only the first, both."""
    one, other = shares[..., 2] + shares[..., 3], shares[..., 1] + shares[..., 3]
    return cohen(shares[..., 0] + shares[..., 3], one * other + (1 - one) * (1 - other))
