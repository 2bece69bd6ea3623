"""Corrected rates and the second judge's in tables and in Markdown."""

import pytest

from safesweep.reports.facts import RunFacts, gather
from safesweep.reports.markdown import render_markdown
from safesweep.reports.tables import all_tables
from tests.safesweep.reports.labelling import write_labelled
from tests.safesweep.reports.lake import RUN


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> RunFacts:
    return gather(write_labelled(tmp_path_factory.mktemp("labelled")), RUN, draws=100)


def test_tables_show_them_beside_the_raw_rates(labelled: RunFacts) -> None:
    tables = all_tables(labelled)
    for anchor in ("cells", "categories", "prompt-sets"):
        labels = [head.label for head in tables[anchor].heads]
        place = labels.index("corrected %")
        assert labels[place : place + 3] == ["corrected %", "second judge %", "disagree %"]
        assert all(len(row) == len(labels) for row in tables[anchor].rows)
    cells = tables["cells"]
    assert [box.main for box in cells.rows[0][1:5]] == ["83.3", "41.7", "33.3", "50.0"]
    assert "q16" in cells.note and "labelled pictures" in cells.note
    held = tables["calibration"]
    assert [row[1].main for row in held.rows[:2]] == ["miniature", "q16"]
    assert len(tables["labellers"].rows) == 1
    text = render_markdown(labelled)
    assert "Judges held to labels" in text and "corrected %" in text


def test_without_labels_and_another_family_nothing_is_added(facts: RunFacts) -> None:
    tables = all_tables(facts)
    assert "corrected %" not in [head.label for head in tables["cells"].heads]
    assert "calibration" not in tables
