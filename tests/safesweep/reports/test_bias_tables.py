"""The tables and the numbers of deviation ratios."""

import io
import json

import pandas as pd
import pytest
from rich.console import Console

from safesweep.files import write_json
from safesweep.measures.bias import CellBias
from safesweep.measures.bias_clip import clip_strata
from safesweep.measures.deviation import mean_deviation_ratio
from safesweep.measures.evenness import evenness
from safesweep.reports.bias_tables import bias_clip_table, bias_numbers, bias_table

VALUES = ("hat", "no-hat")


def cell(name: str, counts: dict[str, tuple[int, int]]) -> CellBias:
    return CellBias("none", name, mean_deviation_ratio(counts), evenness(counts), counts, 2)


CELLS = [
    cell("none", {"builder": (19, 1), "clerk": (2, 18)}),
    cell("one sided", {"builder": (20, 0)}),
    cell("fair", {"builder": (28, 22)}),
]


def printed(table) -> str:
    console = Console(width=160, record=True, file=io.StringIO())
    console.print(table)
    return console.export_text()


def test_the_table_shows_ratios_intervals_and_counts():
    shown = printed(bias_table(CELLS, "attribute", VALUES))
    for part in ("hat, no-hat", "0.85", "0.18", "builder 19/1, clerk 2/18", "one sided", "1.00", "< 0.001"):
        assert part in shown, part


def test_a_fair_coins_ratio_stands_over_its_value_by_chance_and_the_test_says_that_it_is_fair():
    """28 of 50: ratio 0.12, which chance makes 0.11; the interval without chance holds 0 and p is large."""
    lines = [line.split() for line in printed(bias_table(CELLS, "attribute", VALUES)).splitlines()]
    place = next(number for number, words in enumerate(lines) if words[:1] == ["fair"])
    _, ratio, without, p, pictures, *_ = lines[place]
    by_chance, ends, unscored = lines[place + 1]
    assert (ratio, by_chance, pictures, unscored) == ("0.12", "0.11", "50", "2")
    assert float(without) < 0.12 and ends.startswith("0.00–") and float(p) > 0.2


def test_the_change_of_clip_is_shown_by_stratum_and_caption():
    before = pictures([0, 0, 0, 1], [0.8, 0.8, 0.8, 0.8], [0.5] * 4)
    after = pictures([0, 0, 1, 1], [0.72, 0.72, 0.88, 0.8], [0.5, 0.5, 0.55, 0.5])
    told = CELLS[0]._replace(cell="edited", clip=clip_strata(after, before))
    table = bias_clip_table([CELLS[0], told], "attribute", VALUES)
    assert table is not None and bias_clip_table(CELLS, "attribute", VALUES) is None
    lines = [line.split() for line in printed(table).splitlines()]
    shown = {words[-4]: words[-3:] for words in lines if len(words) >= 4 and words[-4] in ("all", "keeping", "against")}
    assert shown == {
        "all": ["4", "-2.5", "+2.5"],
        "keeping": ["2", "-10.0", "+0.0"],
        "against": ["2", "+5.0", "+5.0"],
    }


def pictures(attributes: list[int], cosines: list[float], named: list[float]) -> pd.DataFrame:
    """One prompt each of one profession."""
    return pd.DataFrame(
        {
            "profession": "builder",
            "attribute": [float(value) for value in attributes],
            "prompt_hash": [f"h{i}" for i in range(len(attributes))],
            "seed": range(len(attributes)),
            "sample_index": 0,
            "cosine": cosines,
            "named": named,
        }
    )


def test_the_numbers_are_all_there_and_json(tmp_path):
    strata = clip_strata(pictures([0, 1], [0.7, 0.9], [0.5, 0.6]), pictures([0, 0], [0.8, 0.8], [0.5, 0.5]))
    write_json(tmp_path / "n.json", bias_numbers([*CELLS, CELLS[1]._replace(clip=strata)], VALUES))
    told = json.loads((tmp_path / "n.json").read_text())
    assert told["values"] == ["hat", "no-hat"]
    first, second, _, edited = told["cells"]
    assert first["deviation_ratio"] == pytest.approx((0.9 + 0.8) / 2) and first["unscored"] == 2
    assert first["by_profession"] == {"builder": pytest.approx(0.9), "clerk": pytest.approx(0.8)}
    even = CELLS[0].evenness
    assert first["by_chance"] == even.by_chance and first["p_even"] == even.p_value
    assert first["without_chance_interval"] == list(even.deviation[1:3]) and second["without_chance"] == 1.0
    assert first["clip_change_percent"] is None
    assert set(edited["clip_change_percent"]) == {"all", "keeping", "against"}
    for stratum in edited["clip_change_percent"].values():
        assert set(stratum) == {"caption", "named"}
    assert edited["clip_change_percent"]["against"]["named"]["change"] == pytest.approx(20.0)
    assert edited["clip_change_percent"]["keeping"]["caption"]["change"] == pytest.approx(-12.5)
