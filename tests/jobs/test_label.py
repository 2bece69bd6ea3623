"""jobs/label.py: the page written, and labels taken in."""

import json
import re
from pathlib import Path

import pytest

from jobs.label import COMMAND
from safesweep.lake.labels import read_labels
from tests.jobs.conftest import call
from tests.safesweep.reports.lake import RUN, write_lake


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_lake(tmp_path_factory.mktemp("lake"))


def test_from_the_page_to_the_lake(lake: Path, tmp_path: Path) -> None:
    page = tmp_path / "deep" / "l.html"
    made = call(COMMAND, RUN, "--lake", str(lake), "--sample", "10", "--stratify", "cell,verdict", "--out", str(page))
    assert made.exit_code == 0, made.stderr
    assert "10 pictures of 8 strata" in made.stdout
    data = json.loads(re.findall(r'id="data">(.*?)</script>', page.read_text())[0])
    rows = [
        {
            "run_id": data["run_id"],
            "trial_id": one["trial_id"],
            "picture_sha256": one["picture_sha256"],
            "verdict": "unsafe",
            "categories": [],
            "labeller": "ann",
            "labelled_at": "2026-01-01T00:00:00.123Z",
            "sample": data["sample"],
            "profile": data["profile"],
            **data["strata"][one["stratum"]],
        }
        for one in data["pictures"]
    ]
    saved = tmp_path / "labels.json"
    saved.write_text(json.dumps({"labels": rows}))
    taken = call(COMMAND, "import", RUN, str(saved), "--lake", str(lake))
    assert taken.exit_code == 0, taken.stderr
    assert "10 of 10 pictures by ann" in taken.stdout
    assert read_labels(lake, RUN).num_rows == 10


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["night-2"], "did you mean 'night-1'?"),
        ([RUN, "--stratify", "cell,colour"], "--stratify: 'colour' is unknown"),
        ([RUN, "--sample", "3"], "--sample: 3 is fewer than the 8 strata"),
        ([RUN, "--profile", "minature"], "did you mean 'miniature'?"),
        ([RUN, RUN], "one RUN is allowed"),
        (["import", RUN], "one or more FILEs"),
        (["import", "night-2", "x.csv"], "did you mean 'night-1'?"),
        (["import", RUN, "nowhere.csv"], "nowhere.csv: cannot be read"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_line(lake: Path, arguments: list[str], wanted: str) -> None:
    result = call(COMMAND, *arguments, "--lake", str(lake))
    assert result.exit_code == 2
    assert wanted in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
