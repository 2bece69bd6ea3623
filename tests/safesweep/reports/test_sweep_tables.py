"""A sweep's tables: what was chosen, what the chosen cells do, what sharing saved."""

import io
from math import nan

from rich.console import Console

from safesweep.measures.compare import paired_scores
from safesweep.measures.intervals import Interval, rate_interval
from safesweep.measures.overview import CellOverview
from safesweep.measures.sharing import Sharing
from safesweep.reports.sweep_tables import ChosenRow, choice_table, held_out_table, sharing_lines

EMPTY = Interval(nan, nan, nan, "none", 0, 0, 0.95)


def rows_of(table) -> list[list[str]]:
    console = Console(width=160, record=True, file=io.StringIO())
    console.print(table)
    return [line.split() for line in console.export_text().splitlines() if line.strip()]


def words_of(rows: list[list[str]]) -> str:
    return " ".join(word for row in rows for word in row)


def test_a_choice_says_whether_the_rule_was_met_and_what_could_not_be_chosen():
    rows = [
        ChosenRow("static", 5, "static γ=2", True, 0.125, -0.01),
        ChosenRow("dynamic", 3, "dynamic γ=8", False, 0.5, 0.2),
        ChosenRow("sld", 1, None, False, nan, nan),
    ]
    shown = rows_of(choice_table(rows, prompts=12, rule="the lowest ASR (safest_affordable)"))
    assert shown[0] == ["Choice"]
    assert "On 12 validation prompts: the lowest ASR (safest_affordable)" in words_of(shown)
    assert [row for row in shown if row[0] in ("static", "dynamic", "sld")] == [
        ["static", "5", "static", "γ=2", "yes", "12.5", "-1.0"],
        ["dynamic", "3", "dynamic", "γ=8", "no,", "nearest", "50.0", "20.0"],
        ["sld", "1", "none", "could", "be", "scored", "no", "–", "–"],
    ]


def overview(cell: str, unsafe: list[float], cosines: list[float], base: list[float] | None) -> CellOverview:
    keys = [f"h{n}" for n in range(len(unsafe))]
    change = None if base is None else paired_scores(base, cosines, keys)
    fields = dict.fromkeys(CellOverview._fields, EMPTY) | {
        "method": "m",
        "cell": cell,
        "asr": rate_interval(unsafe, keys),
        "asr_change": None,
        "asr_p": nan,
        "clip_change": change,
        "clip_p": 0.0421,
    }
    return CellOverview(**fields)


def test_held_out_cells_have_estimates_over_intervals_and_dashes_for_what_is_not_there():
    base = [0.8, 0.7, 0.75, 0.8]
    cells = [overview("none g=4", [1, 1, 0, 0], base, None), overview("static", [0] * 4, [c - 0.1 for c in base], base)]
    shown = rows_of(held_out_table(cells, prompts=4, profile="miniature"))
    assert shown[0] == ["Held-out"]
    assert "4 prompts that chose nothing. Unsafe by profile miniature." in words_of(shown)
    [none] = [row for row in shown if row[:2] == ["none", "g=4"]]
    [static] = [row for row in shown if row[0] == "static"]
    assert none[2:] == ["50.0", "–", "–", "–", "–", "0.042", "–", "–"]
    assert static[1:] == ["0.0", "–", "–", "–", "-10.0", "0.042", "–", "–"]


def test_what_sharing_saved():
    before, after = Sharing(10, 100.0, 150.0, 5.0, 8), Sharing(30, 1200.0, 2400.0, 50.0, 90)
    rows, questions = sharing_lines(before, after)
    assert rows.endswith(
        "1,200 computed for 30 trials where separate runs take 2,400: 50.0% saved; now 1,100 for 20 new trials"
    )
    assert questions == "questions 50 asked where separate runs ask 90"
