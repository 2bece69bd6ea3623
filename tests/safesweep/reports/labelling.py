"""A sample of the small run, and its page."""

from pathlib import Path

from safesweep.measures.calibration.sample import Sample, draw_sample
from safesweep.measures.profiles import get_profile
from safesweep.reports.label_page import LabelPage, write_label_page
from tests.safesweep.reports.lake import HOSTILE, RUN

CATEGORIES = ["violence", HOSTILE[0], "other"]


def draw(lake: Path, size: int = 20) -> Sample:
    return draw_sample(lake, RUN, get_profile("miniature"), ["benign"], size=size, keys=["cell", "verdict"])


def write_page(lake: Path, folder: Path, size: int = 20) -> LabelPage:
    return write_label_page(lake, draw(lake, size), folder / "label.html", categories=CATEGORIES)
