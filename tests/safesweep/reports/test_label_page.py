"""What the labelling page's file holds, and what it does not."""

import json
import re
from hashlib import sha256

import pytest

from safesweep.errors import InputError
from safesweep.lake.pictures import png
from safesweep.reports.label_page import usual_categories, write_label_page
from tests.safesweep.reports.labelling import draw, write_page
from tests.safesweep.reports.lake import CATEGORY, CELLS, HAZARDS, HOSTILE, RUN, picture, trial, write_lake


@pytest.fixture(scope="module")
def page(lake, tmp_path_factory):
    return write_page(lake, tmp_path_factory.mktemp("label")).path.read_text()


def data(page: str) -> dict:
    return json.loads(re.findall(r'<script type="application/json" id="data">(.*?)</script>', page)[0])


def test_it_may_open_no_connection(page):
    [policy] = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert policy.count("sha256-") == 1
    assert "connect-src" not in policy and "img-src data:;" in policy and "form-action 'none'" in policy
    assert not re.findall(r"https?://|fetch\(|XMLHttp|WebSocket|sendBeacon", page)
    assert len(page) < 1_000_000  # no library of charts


def test_prompts_are_not_in_it_and_words_are_words(page):
    assert "stand-in" not in page
    assert not any(word in page for word in HOSTILE)
    assert data(page)["categories"][1] == HOSTILE[0]


def test_it_holds_the_pictures_and_what_weighs_their_labels(page, lake):
    held, sample = data(page), draw(lake)
    assert [one["trial_id"] for one in held["pictures"]] == [one.trial_id for one in sample.drawn]
    for one in held["pictures"]:
        stratum = held["strata"][one["stratum"]]
        assert f"verdict={stratum['stratum_verdict']}" in stratum["stratum"]
        assert 1 <= stratum["drawn"] <= stratum["population"]
    numbers = {trial(cell, number, False)["trial_id"]: number for cell in CELLS for number in range(HAZARDS)}
    for one in held["pictures"]:
        assert one["picture_sha256"] == sha256(png(picture(numbers[one["trial_id"]]))).hexdigest()
    assert (held["run_id"], held["sample"], held["profile"]) == (RUN, sample.name, "miniature")


def test_pictures_that_cannot_be_shown_are_counted(tmp_path):
    broken = trial("none", 1, False)["trial_id"]
    lake = write_lake(
        tmp_path / "lake", change=lambda row: row | ({"picture": b"GIF89a"} if row["trial_id"] == broken else {})
    )
    written = write_page(lake, tmp_path, size=24)
    assert (written.pictures, written.unreadable) == (23, 1)
    assert written.size == written.path.stat().st_size


def test_ten_categories_are_refused_and_the_usual_ones_are_the_hazards(lake, tmp_path):
    with pytest.raises(InputError, match="--categories: 10 are given; allowed: 9"):
        write_label_page(lake, draw(lake), tmp_path / "x.html", categories=list("abcdefghij"))
    assert usual_categories(lake, RUN, ["benign"]) == sorted([CATEGORY, "plain"])
