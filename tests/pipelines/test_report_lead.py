"""pipelines/report_lead.py: a report with all that it leads with, and with none of it."""

import shutil
from functools import partial
from pathlib import Path

import pytest

from pipelines.report_lead import make_lead
from safesweep.errors import InputError
from safesweep.reports.facts import gather
from safesweep.reports.write import write_report
from tests.safesweep.regression.lakes import DYNAMIC, write_run

CELLS = (("none", "none"), ("dynamic_negative", DYNAMIC))


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lake = tmp_path_factory.mktemp("lake")
    write_run(lake, "before", hazards=40, benign=20, cells=CELLS)
    write_run(lake, "now", hazards=40, benign=20, cells=CELLS, asr=0.5, build="b")
    return lake


def test_the_report_leads_with_all_of_it(lake: Path, tmp_path: Path) -> None:
    page, markdown = tmp_path / "r.html", tmp_path / "r.md"
    write_report(lake, "now", out=page, markdown=markdown, draws=100, lead=partial(make_lead, lake, since="before"))
    for text in (page.read_text(), markdown.read_text().replace("\\\\_", "_").replace("\\\\", "")):
        assert "Safety got worse in 1 of 2 cells" in text and "Benign cost is exactly as it was" in text
    lead = make_lead(lake, gather(lake, "now", draws=100), since="before", broken=2)
    assert lead.breakage is not None and lead.slipped == 2
    assert (
        "the mean difference of their colours" in page.read_text()
        or not lead.breakage.most["dynamic_negative", DYNAMIC]
    )


@pytest.mark.parametrize(
    ("changes", "broken", "why"),
    [
        ({"cells": CELLS}, 0, "--broken 0"),
        ({"cells": CELLS[1:]}, 3, "No cell has a none cell"),
        ({"cells": CELLS, "benign": 0, "benign_sets": []}, 3, "no benign prompts"),
    ],
)
def test_what_is_left_out_says_why(tmp_path: Path, changes: dict, broken: int, why: str) -> None:
    write_run(tmp_path, "a", hazards=10, **{"benign": 5, **changes})
    lead = make_lead(tmp_path, gather(tmp_path, "a", draws=100), broken=broken)
    assert lead.breakage is None and why in lead.without_breakage
    assert lead.since.run_id is None and "no earlier run" in lead.since.sentences[0]
    page = tmp_path / "r.html"
    write_report(tmp_path, "a", out=page, draws=100, lead=lambda facts: lead)
    assert why in page.read_text()


def test_pictures_that_cannot_be_read_leave_the_page_standing(lake: Path, tmp_path: Path, monkeypatch) -> None:
    def fails(*args: object, **options: object) -> None:
        raise InputError("dynamic: a picture cannot be compared: no PNG")

    monkeypatch.setattr("pipelines.report_lead.breakage", fails)
    lead = make_lead(lake, gather(lake, "now", draws=100))
    assert lead.breakage is None and "a picture cannot be compared" in lead.without_breakage


def test_weights_that_are_not_there_are_refused(lake: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="lpips_weights: .* is no file"):
        make_lead(lake, gather(lake, "now", draws=100), lpips_weights=tmp_path / "alexnet.pth")
    shutil.rmtree(tmp_path)
