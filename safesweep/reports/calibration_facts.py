"""What labels and a second judge say of a run's rates."""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from safesweep.lake.labels import read_labels
from safesweep.measures.calibration import Agreement, Domain, Groups, agreements, calibrate, make_groups
from safesweep.measures.outcomes import outcomes
from safesweep.measures.picture_pairs import CellName
from safesweep.measures.profiles import Profile
from safesweep.measures.second_judge import TwoJudges, judges_by_cell, pick_second, two_judges


class Beside(NamedTuple):
    """What stands beside a raw rate."""

    corrected: Domain | None
    """None without labels, and on benign prompts, which are not labelled."""
    judges: TwoJudges | None
    """None without a second judge."""


NOTHING = Beside(None, None)


class BesideCells(NamedTuple):
    """What stands beside each cell's ASR."""

    second: Profile | None
    """The second judge."""
    cells: Mapping[CellName, Beside]
    """(method, cell) -> of its hazard prompts."""


def beside_cells(lake: Path, run_id: str, profile: Profile, benign_sets: Collection[str]) -> BesideCells:
    """A run's. Judging and summing happen in SQL; only a run that has labels is read trial by trial.

    Args:
        lake, run_id: the run.
        profile: the first judge.
        benign_sets: names of prompt sets that are benign.
    """
    second = pick_second(lake, run_id, profile)
    if read_labels(lake, run_id).num_rows:
        frame = outcomes(lake, run_id, profile, benign_sets, second=second, labels=True)
        besides, hazards = Besides(frame), frame[~frame["benign"]]
        parts = hazards.groupby(["method", "cell"], observed=True)
        return BesideCells(second, {(str(name[0]), str(name[1])): besides.of(rows) for name, rows in parts})
    judges = {} if second is None else judges_by_cell(lake, run_id, profile, second, benign_sets)
    return BesideCells(second, {name: Beside(None, two) for name, two in judges.items()})


class Calibration(NamedTuple):
    """A run's labels, by part of the run."""

    labels: int
    """One a labeller and picture."""
    whole: Domain
    second: Domain | None
    """The second judge held to the same labels."""
    cells: dict[str, Domain]
    """Cell key -> its hazard pictures."""
    categories: dict[str, Domain]
    agreements: list[Agreement]
    """Between labellers."""


class Besides:
    """Makes what stands beside each rate, from trials in which labels and a second judge's verdicts are."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.labelled = "truth" in frame and bool(frame["weight"].notna().any())
        self.two = "second" in frame
        self._hazards = frame[~frame["benign"]]
        self.groups: Groups | None = make_groups(self._hazards) if self.labelled else None

    def of(self, rows: pd.DataFrame) -> Beside:
        """Of some trials, all of hazard prompts or all of benign ones."""
        hazard = not rows["benign"].any()
        domain = calibrate(rows, self.groups) if self.groups is not None and hazard else None
        return Beside(domain, two_judges(rows) if self.two else None)

    def calibration(
        self, lake: Path, run_id: str, cells: dict[str, Domain | None], categories: Iterable[tuple[str, np.ndarray]]
    ) -> Calibration | None:
        """The run's labels as a whole; None without any.

        Args:
            lake, run_id: the run.
            cells: cell key -> what `of` has said of its hazard pictures.
            categories: name and which rows of the frame are in it.
        """
        if self.groups is None:
            return None
        said = read_labels(lake, run_id).to_pandas()
        second = None
        if self.two:
            judged = self._hazards.assign(sampled=self._hazards["sampled"].fillna(self._hazards["unsafe"]))
            second = calibrate(judged, make_groups(judged, "second"), "second")
        parts = {name: self._hazards[mask[self._hazards.index]] for name, mask in categories}
        return Calibration(
            labels=len(said),
            whole=calibrate(self._hazards, self.groups),
            second=second,
            cells={key: domain for key, domain in cells.items() if domain is not None},
            categories={name: calibrate(rows, self.groups) for name, rows in parts.items() if len(rows)},
            agreements=agreements(said),
        )
