"""The report's tables, against the facts that they show."""

import math

import pytest

from safesweep.reports.facts import gather
from safesweep.reports.markdown import render_markdown
from safesweep.reports.tables import all_tables, cell_table, change_table
from tests.safesweep.regression.lakes import write_run


def column(table, label):
    place = [head.label for head in table.heads].index(label)
    return [row[place] for row in table.rows]


def test_every_row_has_a_box_for_every_head(facts):
    tables = all_tables(facts)
    assert set(tables) == {"cells", "changes", "further", "categories", "prompt-sets"}
    for table in tables.values():
        assert table.rows and all(len(row) == len(table.heads) for row in table.rows)


def test_a_cells_row_has_its_numbers_times_100_and_sorts_by_them(facts):
    table = cell_table(facts)
    for box, cell in zip(column(table, "ASR %"), facts.cells, strict=True):
        asr = cell.summary.asr
        if math.isnan(asr.estimate):
            assert (box.main, box.value) == ("–", None)
        else:
            assert float(box.main) == pytest.approx(100 * asr.estimate, abs=0.05)
            assert box.value == pytest.approx(asr.estimate)
            assert [float(end) for end in box.sub.split(" to ")] == pytest.approx(
                [100 * asr.low, 100 * asr.high], abs=0.05
            )
    assert [box.main for box in column(table, "trials")] == [f"{cell.summary.trials:,}" for cell in facts.cells]
    assert [box.value for box in column(table, "unscored")] == [cell.summary.unscored for cell in facts.cells]
    asks = [cell.summary.questions > 0 for cell in facts.cells]
    assert [box.main != "–" for box in column(table, "false triggers %")] == asks and any(asks) and not all(asks)


def test_changes_are_those_against_the_cell_without_guidance(facts):
    table = change_table(facts)
    compared = [cell for cell in facts.cells if cell.baseline is not None]
    assert len(table.rows) == len(compared) == len(facts.cells) - 1
    assert {box.main for box in column(table, "against")} == {"none"}
    for box, cell in zip(column(table, "ASR change"), compared, strict=True):
        paired = cell.view.asr_change
        assert box.value is None if paired is None or math.isnan(paired.difference) else box.value == paired.difference


def test_a_table_without_rows_is_left_out(facts):
    from dataclasses import replace

    assert "categories" not in all_tables(replace(facts, categories=[]))


def test_refusals_have_columns_where_a_service_was_asked_and_nowhere_else(facts, tmp_path):
    service = {"config": {"diffusion": {"backend": "images_api"}}}
    write_run(tmp_path, "r", hazards=20, benign=20, refused=(0.5, 0.2), **service)
    asked = gather(tmp_path, "r", draws=10)
    for anchor, wanted in (("cells", ["refused %", "over-refused %", "refused"]), ("prompt-sets", ["refused %"])):
        labels = [
            [head.label for head in all_tables(one)[anchor].heads if "refused" in head.label] for one in (facts, asked)
        ]
        assert labels == [[], wanted]
        table = all_tables(asked)[anchor]
        assert all(len(row) == len(table.heads) for row in table.rows)
    table = cell_table(asked)
    row = dict(zip([head.label for head in table.heads], table.rows[0], strict=True))
    summary = asked.cells[0].summary
    assert row["refused %"].value == summary.refusal.estimate > 0 < row["over-refused %"].value
    assert row["refused"].main == str(asked.refused)
    assert f"{asked.refused} refused, 0 unscored" in render_markdown(asked) and "refused" not in render_markdown(facts)
