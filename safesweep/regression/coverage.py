"""How much of what should have been compared was: of the run, and of each watched measure on its own trials."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from safesweep.lake.status import REFUSED
from safesweep.regression.comparable import CellPair
from safesweep.regression.policy import Policy
from safesweep.regression.sound import PAIR
from safesweep.regression.trials import Run
from safesweep.regression.watched import WATCHED, WatchedMeasure

Mask = NDArray[np.bool_]


class Coverage(NamedTuple):
    """Of the whole comparison."""

    planned: int
    """Trials that the candidate's plan has (all cells)."""
    absent: int
    """Of them, not in its files."""
    trials: int
    """Prompts × samples × seeds that either side has, summed over the compared cells."""
    missing: int
    """Of them, those that only one side has."""
    pairs: int
    unscored: int
    """Pairs without a verdict on one side or both, for another reason than a refusal."""
    refused: int = 0
    """Pairs that a service under test refused to draw on one side or both."""

    @property
    def missing_share(self) -> float:
        """The larger of the two shares that are not there."""
        return max(_share(self.absent, self.planned), _share(self.missing, self.trials))


class Seen(NamedTuple):
    """Of one measure in one pair of cells: its own trials, those of one side only or of neither, and the pairs without a value."""

    trials: int
    missing: int
    unscored: int

    @property
    def missing_share(self) -> float:
        """Of its trials."""
        return _share(self.missing, self.trials)

    @property
    def unscored_share(self) -> float:
        """Of its pairs."""
        return _share(self.unscored, self.trials - self.missing)

    @property
    def hidden_share(self) -> float:
        """Of its trials, those that nobody saw."""
        return _share(self.missing + self.unscored, self.trials)


def _share(part: int, whole: int) -> float:
    """Of nothing, all is missing."""
    return part / whole if whole else 1.0


def join(baseline: Run, candidate: Run, pair: CellPair) -> pd.DataFrame:
    """The trials of both cells side by side; columns end in _a and _b but for those of ``PAIR`` and benign.

    ``partner``: both, left_only, right_only, or neither where another cell of either run has the prompt and these have not.
    """
    keys = [*PAIR, "benign"]
    a, b = baseline.table, candidate.table
    ours, theirs = a[a["cell"] == pair.baseline], b[b["cell"] == pair.candidate]
    joined = ours.merge(theirs, on=keys, how="outer", suffixes=("_a", "_b"), indicator="partner")
    joined["partner"] = joined["partner"].astype(str)
    elsewhere = pd.concat([baseline.prompts, candidate.prompts]).drop_duplicates()
    found = elsewhere.merge(joined[keys], on=keys, how="left", indicator="here")
    absent = found.loc[found["here"] == "left_only", keys].assign(partner="neither")
    return pd.concat([joined, absent], ignore_index=True) if len(absent) else joined


def overall(baseline: Run, candidate: Run, joined: Mapping[CellPair, pd.DataFrame]) -> Coverage:
    """Counts rows, whatever the manifests say that the runs hold."""
    tables = pd.concat(joined.values())
    pairs = tables[tables["partner"] == "both"]
    refused = is_refused(pairs)
    planned = int(candidate.manifest.get("expected_trials", candidate.held))
    return Coverage(
        planned=planned,
        absent=max(planned - candidate.held, 0),
        trials=len(tables),
        missing=len(tables) - len(pairs),
        pairs=len(pairs),
        unscored=int((pairs[["unsafe_a", "unsafe_b"]].isna().any(axis=1) & ~refused).sum()),
        refused=int(refused.sum()),
    )


@dataclass(frozen=True)
class MeasureTrials:
    """One measure's own trials in a pair of cells."""

    rows: pd.DataFrame
    """Its pairs."""
    before: NDArray[np.float64]
    after: NDArray[np.float64]
    """Values of both sides, NaN where there is none."""
    seen: Seen


def measure_trials(table: pd.DataFrame, measure: WatchedMeasure) -> MeasureTrials | None:
    """Of `join`'s table. A trial belongs to a measure when it does on either side; what a side has not is missing or without value.

    What was refused on either side belongs to measures of refusals alone: the others are over what both sides have answered.
    None where neither side has such trials, and where two methods are compared of which one never asks what the measure is about.
    """
    chosen = {side: _chosen(table, measure, side) for side in "ab"}
    neither = (table["partner"] == "neither").to_numpy(bool)
    own = chosen["a"] | chosen["b"]
    if not measure.of_refusals:
        own &= ~is_refused(table).to_numpy(bool)
    if not own.any():
        return None
    if measure.of == "asking benign" and not (chosen["a"].any() and chosen["b"].any()):
        both = table[table["partner"] == "both"]
        if (both["method_a"] != both["method_b"]).any():
            return None
    absent = neither
    if measure.kind != "both":
        absent = neither & (table["benign"].to_numpy(bool) == (measure.kind == "benign"))
    paired = own & (table["partner"] == "both").to_numpy(bool)
    rows = table[paired]
    values = {
        side: np.where(chosen[side][paired], rows[f"{measure.column}_{side}"].to_numpy(np.float64), np.nan)
        for side in "ab"
    }
    trials = int(own.sum() + absent.sum())
    seen = Seen(
        trials=trials,
        missing=trials - len(rows),
        unscored=int((np.isnan(values["a"]) | np.isnan(values["b"])).sum()),
    )
    return MeasureTrials(rows, values["a"], values["b"], seen)


def is_refused(table: pd.DataFrame) -> "pd.Series[bool]":
    """Of `join`'s table: which rows a service refused to draw on either side."""
    return table["status_a"].eq(REFUSED) | table["status_b"].eq(REFUSED)


def refusal_gaps(joined: Mapping[CellPair, pd.DataFrame], policy: Policy) -> list[str]:
    """Where trials were refused of a kind of prompts whose refusals no critical measure of the policy watches: what was left out of the
    others would then decide unseen."""
    gaps = []
    watched = {
        WATCHED[name].kind
        for name, rule in policy.measures.items()
        if rule.level == "critical" and WATCHED[name].of_refusals
    }
    for kind in ("hazard", "benign"):
        own = [
            table[is_refused(table) & (table["benign"].astype(bool) == (kind == "benign"))] for table in joined.values()
        ]
        count = sum(map(len, own))
        if count and kind not in watched:
            names = [name for name, measure in WATCHED.items() if measure.of_refusals and measure.kind == kind]
            gaps.append(
                f"{count} pairs of {kind} prompts were refused on one side or both, and no critical measure of the policy watches that; "
                f"allowed: {' or '.join(names)}"
            )
    return gaps


def _chosen(table: pd.DataFrame, measure: WatchedMeasure, side: str) -> Mask:
    here = table[f"trial_id_{side}"].notna().to_numpy(bool)
    asked = table[f"asked_{side}"].eq(True)
    of_service = table[f"of_service_{side}"].eq(True)
    own = measure.select(table.assign(status=table[f"status_{side}"], asked=asked, of_service=of_service)).to_numpy(
        bool
    )
    return np.asarray(here & own, dtype=np.bool_)


def run_gaps(coverage: Coverage, policy: Policy) -> list[str]:
    """What is missing of the run beyond its share."""
    if coverage.missing_share <= policy.missing_limit:
        return []
    return [
        f"{coverage.missing_share:.1%} of the trials are missing ({coverage.absent} of {coverage.planned} planned, "
        f"{coverage.missing} of {coverage.trials} on one side only or on neither); allowed: missing_limit {policy.missing_limit:.1%}"
    ]


def measure_gaps(name: str, seen: Seen, policy: Policy) -> list[str]:
    """What is missing of one measure beyond its share: the rest may be a choice that chance did not make. ``name``: measure and cell."""
    gaps = []
    if seen.missing_share > policy.missing_limit:
        gaps.append(
            f"{name}: {seen.missing} of its {seen.trials} trials are missing; allowed: missing_limit {policy.missing_limit:.1%}"
        )
    if seen.unscored_share > policy.unscored_limit:
        gaps.append(
            f"{name}: {seen.unscored} of its {seen.trials - seen.missing} pairs are unscored; "
            f"allowed: unscored_limit {policy.unscored_limit:.1%}"
        )
    return gaps
