"""Labels and a second judge in a run's numbers: by hand, from a small lake."""

from pathlib import Path

import pytest

from safesweep.reports.facts import RunFacts, gather
from tests.safesweep.reports.labelling import write_labelled
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
