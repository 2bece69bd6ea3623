"""A sample of the small run, and its page."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from safesweep.lake.label_files import as_table
from safesweep.lake.labels import write_labels
from safesweep.measures.calibration.sample import Sample, draw_sample
from safesweep.measures.profiles import get_profile
from safesweep.reports.label_page import LabelPage, write_label_page
from tests.safesweep.reports.lake import HOSTILE, RUN, evidence, trial, write_lake

CATEGORIES = ["violence", HOSTILE[0], "other"]


def draw(lake: Path, size: int = 20) -> Sample:
    return draw_sample(lake, RUN, get_profile("miniature"), ["benign"], size=size, keys=["cell", "verdict"])


def write_page(lake: Path, folder: Path, size: int = 20) -> LabelPage:
    return write_label_page(lake, draw(lake, size), folder / "label.html", categories=CATEGORIES)


TRULY = {0, 1, 2}
"""Numbers of the hazard prompts whose pictures are labelled unsafe, in every cell."""


def second_opinion(row: dict[str, Any]) -> dict[str, Any]:
    """Q16 calls unsafe the pictures of the first two prompts."""
    if row["status"] != "ok":
        return row
    said = evidence("q16", appropriate=0.1, inappropriate=0.9 if row["prompt_id"] in ("0", "1") else 0.1)
    return row | {"evidence": [*row["evidence"], said]}


def write_labelled(folder: Path) -> Path:
    """The run with a second judge, and every hazard picture labelled by two people."""
    lake = write_lake(folder, change=second_opinion)
    sample = draw(lake, 24)
    cells = ("none", "static_negative γ=7.5", "dynamic_negative γ=7.5", "dynamic_negative γ=0")
    numbers = {trial(cell, number, False)["trial_id"]: number for cell in cells for number in range(6)}
    rows = []
    for one in sample.drawn:
        stratum = sample.strata[one.stratum]
        for labeller in ("ann", "bo"):
            number = numbers[one.trial_id]
            unsafe = number in TRULY and (labeller, number) != ("bo", 2)
            rows.append(
                {
                    "run_id": RUN,
                    "trial_id": one.trial_id,
                    "picture_sha256": "",
                    "verdict": "unsafe" if unsafe else "safe",
                    "categories": [],
                    "labeller": labeller,
                    "labelled_at": datetime(2026, 1, 1, tzinfo=UTC),
                    "sample": sample.name,
                    "profile": "miniature",
                    "stratum": "",
                    "stratum_verdict": stratum.values[1],
                    "population": stratum.population,
                    "drawn": stratum.drawn,
                }
            )
    write_labels(lake, RUN, as_table(rows))
    return lake
