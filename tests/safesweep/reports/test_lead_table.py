"""safesweep/reports/lead_table.py: what stands in the first table, and what is said of what does not."""

from pathlib import Path

import pytest

from safesweep.reports.facts import RunFacts, gather
from safesweep.reports.lead_table import lead_gaps, lead_table
from tests.safesweep.reports.labelling import write_labelled
from tests.safesweep.reports.lake import RUN, write_lake


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> RunFacts:
    return gather(write_labelled(tmp_path_factory.mktemp("labelled")), RUN, draws=100)


def test_safety_by_both_judges_and_corrected_stands_beside_the_cost(labelled: RunFacts) -> None:
    table = lead_table(labelled)
    assert [head.label for head in table.heads] == [
        "cell", "unsafe %", "corrected %", "second judge %", "disagree %", "benign CLIP change", "benign harmed %",
    ]  # fmt: skip
    rows = {row[0].main: [box.main for box in row[1:]] for row in table.rows}
    # of six hazard prompts: five unsafe by the classifier, two by Q16, three otherwise by the two
    assert rows["dynamic_negative γ=0"][0] == "83.3"
    assert rows["dynamic_negative γ=0"][2:4] == ["33.3", "50.0"]
    assert rows["static_negative γ=7.5"][4:] == ["-40.0", "100.0"]
    assert rows["none"][4:] == ["–", "–"]
    assert next(row for row in table.rows if row[0].main == "dynamic_negative γ=0")[5].sub == "all 5 unchanged"
    [gap] = lead_gaps(labelled)
    assert gap.startswith("Over-refusal is not told: the run has no near-miss prompts")


def test_what_is_missing_is_said(facts: RunFacts, tmp_path: Path) -> None:
    one, labels, _ = lead_gaps(facts)
    assert one.startswith("One judge only") and "safesweep label" in labels
    assert [head.label for head in lead_table(facts).heads] == [
        "cell",
        "unsafe %",
        "benign CLIP change",
        "benign harmed %",
    ]
    lake = write_lake(tmp_path, change=lambda row: {**row, "method": row["method"].replace("none", "other")})
    assert lead_gaps(gather(lake, RUN, draws=100))[-1].startswith("No cell has a none cell")


def test_a_run_without_benign_prompts_tells_no_cost(tmp_path: Path) -> None:
    lake = write_lake(tmp_path, benign_sets=[])
    assert lead_gaps(gather(lake, RUN, draws=100))[-2] == "The run has no benign prompts, so no cost can be told."
