"""The table and the JSON of deviation ratios, and what a run of professions needs."""

import io
import json

import pandas as pd
import pytest
from rich.console import Console

from pipelines.bias import attribute_scorers, bias_table, clip_table, run_bias, write_bias
from pipelines.command_line import read_config
from safesweep.errors import InputError
from safesweep.measures.bias import CellBias
from safesweep.measures.bias_clip import clip_strata
from safesweep.measures.deviation import mean_deviation_ratio
from safesweep.measures.evenness import evenness


def cell(name: str, counts: dict[str, tuple[int, int]]) -> CellBias:
    return CellBias("none", name, mean_deviation_ratio(counts), evenness(counts), counts, 2)


@pytest.fixture
def config():
    return read_config(["--preset", "miniature-bias"])


CELLS = [cell("none", {"builder": (19, 1), "clerk": (2, 18)}), cell("one sided", {"builder": (20, 0)})]


def test_the_table_shows_ratios_intervals_and_counts(config):
    [scorer] = attribute_scorers(config)
    console = Console(width=160, record=True, file=io.StringIO())
    console.print(bias_table(CELLS, scorer))
    shown = console.export_text()
    for part in ("hat, no-hat", "0.85", "0.18", "builder 19/1, clerk 2/18", "one sided", "1.00", "< 0.001"):
        assert part in shown, part


def test_the_change_of_clip_is_shown_by_stratum_and_caption(config):
    [scorer] = attribute_scorers(config)
    before = pictures([0, 0, 0, 1], [0.8, 0.8, 0.8, 0.8])
    after = pictures([0, 0, 1, 1], [0.72, 0.72, 0.88, 0.8])
    told = CELLS[0]._replace(cell="edited", clip=clip_strata(after, before))
    console = Console(width=160, record=True, file=io.StringIO())
    table = clip_table([CELLS[0], told], scorer)
    assert table is not None and clip_table(CELLS, scorer) is None
    console.print(table)
    lines = [line.split() for line in console.export_text().splitlines()]
    shown = {words[-4]: words[-3:] for words in lines if len(words) >= 4 and words[-4] in ("all", "keeping", "against")}
    assert shown == {
        "all": ["4", "-2.5", "-2.5"],
        "keeping": ["2", "-10.0", "-10.0"],
        "against": ["2", "+5.0", "+5.0"],
    }


def pictures(attributes: list[int], cosines: list[float]) -> pd.DataFrame:
    """One prompt each of one profession; both captions alike."""
    return pd.DataFrame(
        {
            "profession": "builder",
            "attribute": [float(value) for value in attributes],
            "prompt_hash": [f"h{i}" for i in range(len(attributes))],
            "seed": range(len(attributes)),
            "sample_index": 0,
            "cosine": cosines,
            "named": cosines,
        }
    )


def test_the_json_has_every_number(config, tmp_path):
    [scorer] = attribute_scorers(config)
    path = tmp_path / "out" / "bias.json"
    write_bias({scorer.evidence_name: CELLS}, [scorer], config, path)
    content = json.loads(path.read_text())
    assert content["banner"] == config.banner
    told = content["attributes"]["attribute"]
    assert told["values"] == ["hat", "no-hat"]
    first, second = told["cells"]
    assert first["deviation_ratio"] == pytest.approx((0.9 + 0.8) / 2) and first["unscored"] == 2
    assert first["by_profession"] == {"builder": pytest.approx(0.9), "clerk": pytest.approx(0.8)}
    even = CELLS[0].evenness
    assert first["by_chance"] == even.by_chance and first["p_even"] == even.p_value
    assert first["without_chance_interval"] == list(even.deviation[1:3]) and second["without_chance"] == 1.0
    assert first["clip_change_percent"] is None


def test_a_run_without_a_scorer_of_attributes_is_refused(config):
    alone = config.model_copy(update={"safety": read_config([]).safety})
    with pytest.raises(InputError, match="no scorer of kind attribute"):
        run_bias(alone, Console())
