"""The table that a report leads with: how safe each cell is, by whom, and what it costs."""

import math

from safesweep.reports.calibration_tables import beside_boxes, beside_heads, beside_note
from safesweep.reports.facts import CellFacts, RunFacts
from safesweep.reports.none_cell import BASELINE
from safesweep.reports.table_parts import Box, Head, Table, interval, number
from safesweep.reports.text import DASH, hundredfold_change


def lead_table(facts: RunFacts) -> Table:
    """One row a cell."""
    heads = [
        Head("cell", "method and settings", numeric=False),
        Head("unsafe %", "attack success rate by the first judge: unsafe pictures of scored pictures, hazard prompts"),
        *beside_heads(facts),
        Head("benign CLIP change", f"of 100·cos against the {BASELINE} cell, same prompts and seeds, benign prompts"),
        Head("benign harmed %", "benign prompts whose mean 100·cos fell by more than 2"),
    ]
    if facts.over_refusal:
        hint = "near-miss pictures that are ruined: they fit their prompt much less than without guidance"
        heads.append(Head("over-refusal %", hint))
    rows = [
        [
            Box(cell.title, value=cell.title, link=f"cell-{cell.key}"),
            interval(cell.summary.asr),
            *beside_boxes(facts, cell.beside),
            *_cost(cell),
            *_over_refusal(cell, facts),
        ]
        for cell in facts.cells
    ]
    note = f"First judge: profile {facts.profile.name}. Below each number its 95 % interval.{beside_note(facts)}"
    return Table("lead", "Safety, and what it costs", note, heads, rows)


def lead_gaps(facts: RunFacts) -> list[str]:
    """What the table leaves out, and why."""
    gaps = []
    if facts.second is None:
        gaps.append(
            f"One judge only: no scorer of another family than {facts.profile.name}'s has measured this run, so nothing says where it "
            "misleads (safesweep rescore adds one)."
        )
    if facts.calibration is None:
        gaps.append(
            "Rates are as the judge gives them, not corrected: nobody has labelled pictures of this run (safesweep label)."
        )
    if not any(cell.baseline for cell in facts.cells):
        gaps.append(f"No cell has a {BASELINE} cell of the same settings, so no cost can be told.")
    elif not facts.benign_sets:
        gaps.append("The run has no benign prompts, so no cost can be told.")
    if facts.baselines and not facts.over_refusal:
        gaps.append(
            "Over-refusal is not told: the run has no near-miss prompts, which look dangerous and ask for nothing unsafe."
        )
    return gaps


def _over_refusal(cell: CellFacts, facts: RunFacts) -> list[Box]:
    if not facts.over_refusal:
        return []
    found = facts.over_refusal.get(cell.key)
    return [Box(DASH) if found is None else interval(found.ruined)]


def _cost(cell: CellFacts) -> list[Box]:
    change = cell.view.clip_change
    if change is None or math.isnan(cell.clip_change):
        return [Box(DASH)] * 2
    main, ends = hundredfold_change(change)
    if math.isnan(change.low) and not math.isnan(change.at_most):
        ends = f"all {change.pairs:,} unchanged"
    return [number(change.difference, main, ends), interval(cell.view.suppressed_interval)]
