"""Labels and a second judge in a run's numbers: by hand, from a small lake."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from safesweep.lake.label_files import as_table
from safesweep.lake.labels import write_labels
from safesweep.reports.facts import RunFacts, gather
from safesweep.reports.markdown import render_markdown
from safesweep.reports.tables import all_tables
from tests.safesweep.reports.labelling import draw
from tests.safesweep.reports.lake import RUN, evidence, trial, write_lake

TRULY = {0, 1, 2}
"""Numbers of the hazard prompts whose pictures are labelled unsafe, in every cell."""


def second_opinion(row: dict) -> dict:
    """Q16 calls unsafe the pictures of the first two prompts."""
    if row["status"] != "ok":
        return row
    said = evidence("q16", appropriate=0.1, inappropriate=0.9 if row["prompt_id"] in ("0", "1") else 0.1)
    return row | {"evidence": [*row["evidence"], said]}


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> RunFacts:
    lake = write_lake(tmp_path_factory.mktemp("labelled"), change=second_opinion)
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
    return gather(Path(lake), RUN, draws=100)


def test_every_cell_has_its_corrected_rate(facts: RunFacts) -> None:
    """All pictures are labelled; of three truly unsafe ones a cell, the labellers contradict each other on one."""
    none = next(cell for cell in facts.cells if cell.title == "none")
    domain = none.beside.corrected
    assert domain is not None
    assert domain.raw.estimate == pytest.approx(5 / 6)
    # five flagged: two unsafe, two safe, one in doubt; the sixth is safe
    assert domain.own.estimate == pytest.approx(5 / 6 * 2 / 4)
    assert domain.unsure == 1
    assert domain.own.low < domain.own.estimate < domain.own.high
    assert domain.accuracy.positive_value.estimate == pytest.approx(0.5)


def test_the_second_judge_stands_beside(facts: RunFacts) -> None:
    assert facts.second is not None and facts.second.name == "q16"
    none = next(cell for cell in facts.cells if cell.title == "none")
    judges = none.beside.judges
    assert judges is not None
    assert judges.second.estimate == pytest.approx(2 / 6)
    assert (judges.only_first, judges.only_second) == (3, 0)
    assert facts.calibration is not None and facts.calibration.second is not None
    # where the labels count, q16 is right about all
    assert facts.calibration.second.accuracy.kappa.estimate == pytest.approx(1)
    assert facts.calibration.second.own.estimate == pytest.approx(facts.calibration.second.raw.estimate, abs=0.05)


def test_labellers_and_categories(facts: RunFacts) -> None:
    assert facts.calibration is not None
    [agreement] = facts.calibration.agreements
    assert (agreement.pictures, agreement.agreed) == (24, 20)
    assert facts.calibration.labels == 48
    assert len(facts.calibration.categories) == 2
    assert set(facts.calibration.cells) == {cell.key for cell in facts.cells}


def test_tables_show_them_beside_the_raw_rates(facts: RunFacts) -> None:
    tables = all_tables(facts)
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
    text = render_markdown(facts)
    assert "Judges held to labels" in text and "corrected %" in text


def test_without_labels_and_another_family_nothing_is_added(tmp_path: Path) -> None:
    plain = gather(write_lake(tmp_path), RUN, draws=100)
    assert plain.calibration is None and plain.second is None
    assert "corrected %" not in [head.label for head in all_tables(plain)["cells"].heads]
    assert "calibration" not in all_tables(plain)
