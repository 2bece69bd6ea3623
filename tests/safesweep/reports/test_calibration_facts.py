"""Labels and a second judge in a run's numbers: by hand, from a small lake."""

from pathlib import Path

import pytest

from safesweep.measures.profiles import get_profile
from safesweep.reports.calibration_facts import beside_cells
from safesweep.reports.facts import RunFacts, gather
from tests.safesweep.reports.labelling import second_opinion, write_labelled
from tests.safesweep.reports.lake import RUN, write_lake


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> RunFacts:
    return gather(write_labelled(tmp_path_factory.mktemp("labelled")), RUN, draws=100)


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


def test_without_labels_and_another_family_nothing_is_added(tmp_path: Path) -> None:
    plain = gather(write_lake(tmp_path), RUN, draws=100)
    assert plain.calibration is None and plain.second is None
    assert all(cell.beside == (None, None) for cell in plain.cells)


def test_a_terminal_s_table_has_the_page_s_numbers(facts: RunFacts, tmp_path: Path) -> None:
    """With labels, with a second judge alone, and with neither."""
    rule = get_profile("miniature")
    labelled = beside_cells(write_labelled(tmp_path / "labelled"), RUN, rule, ["benign"])
    wanted = {facts.names[cell.key]: cell.beside for cell in facts.cells}
    assert labelled.second == facts.second
    assert repr(dict(sorted(labelled.cells.items()))) == repr(dict(sorted(wanted.items())))  # NaN is no NaN's equal
    two = beside_cells(write_lake(tmp_path / "two", change=second_opinion), RUN, rule, ["benign"])
    assert {name: repr(one.judges) for name, one in two.cells.items()} == {
        name: repr(one.judges) for name, one in wanted.items()
    }
    assert all(one.corrected is None for one in two.cells.values())
    assert beside_cells(write_lake(tmp_path / "one"), RUN, rule, ["benign"]) == (None, {})
