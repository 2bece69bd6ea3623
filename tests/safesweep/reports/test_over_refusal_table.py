"""Over-refusal in the report's facts and tables, from a run with near-miss prompts."""

import io

import pytest
from rich.console import Console

from safesweep.errors import InputError
from safesweep.measures.over_refusal import over_refusal
from safesweep.reports.facts import gather
from safesweep.reports.over_refusal_table import over_refusal_table, over_refusal_terminal
from safesweep.reports.tables import all_tables
from tests.safesweep.regression.lakes import DYNAMIC, write_run

CELLS = (("none", "none"), ("static_negative", "static_negative γ=4"), ("dynamic_negative", DYNAMIC))


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    lake = tmp_path_factory.mktemp("lake")
    write_run(lake, "with", hazards=6, benign=6, near_miss=20, cells=CELLS, ruin=0.2)
    write_run(lake, "without", hazards=6, benign=6, cells=CELLS)
    write_run(lake, "alone", hazards=0, benign=0, near_miss=3, cells=CELLS)
    return lake


def test_each_cell_but_the_baseline_has_a_row(lake):
    facts = gather(lake, "with", draws=20)
    table = over_refusal_table(facts)
    assert [row[0].main for row in table.rows] == ["dynamic_negative γ=7.5", "static_negative γ=4"]
    assert [head.label for head in table.heads][:4] == ["cell", "ruined %", "changed %", "false triggers %"]
    dynamic, static = table.rows
    found = {row.method: row for row in over_refusal(lake, "with", {CELLS[1]: CELLS[0], CELLS[2]: CELLS[0]})}
    assert static[1].value == found["static_negative"].ruined.estimate > 0.5 and static[1].sub
    assert static[3].main == "–" and dynamic[3].value == found["dynamic_negative"].triggered.estimate
    assert [box.value for box in static[4:]] == ["clip", 20, 0]
    assert all_tables(facts)["over-refusal"].rows == table.rows
    # the third kind is in no number of the other two, and in what the run holds
    assert {cell.summary.benign.scored for cell in facts.cells} == {6} and facts.trials == 3 * 32
    assert {group.group for group in facts.prompt_sets} == {"hazard", "benign"}


def test_a_run_without_near_misses_has_no_such_table_and_one_of_them_alone_no_report(lake):
    assert "over-refusal" not in all_tables(gather(lake, "without", draws=20))
    with pytest.raises(InputError, match="all its prompts are near misses"):
        gather(lake, "alone", draws=20)


def test_in_a_terminal_it_fits_a_hundred_columns(lake):
    out = io.StringIO()
    found = over_refusal(lake, "with", {CELLS[1]: CELLS[0], CELLS[2]: CELLS[0]})
    Console(file=out, width=100).print(over_refusal_terminal(found))
    text = out.getvalue()
    assert "Over-refusal" in text and "100.0" in text and "static_negative" in text
    assert max(map(len, text.splitlines())) <= 100
