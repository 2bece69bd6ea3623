"""The table and the JSON of deviation ratios, and what a run of professions needs."""

import io
import json

import pytest
from rich.console import Console

from pipelines.bias import attribute_scorers, bias_table, run_bias, write_bias
from pipelines.command_line import read_config
from safesweep.errors import InputError
from safesweep.measures.bias import CellBias
from safesweep.measures.deviation import deviation_interval, mean_deviation_ratio


def cell(name: str, counts: dict[str, tuple[int, int]]) -> CellBias:
    return CellBias("none", name, mean_deviation_ratio(counts), deviation_interval(counts), counts, 2)


@pytest.fixture
def config():
    return read_config(["--preset", "miniature-bias"])


CELLS = [cell("none", {"builder": (19, 1), "clerk": (2, 18)}), cell("one sided", {"builder": (20, 0)})]


def test_the_table_shows_ratios_intervals_and_counts(config):
    [scorer] = attribute_scorers(config)
    console = Console(width=160, record=True, file=io.StringIO())
    console.print(bias_table(CELLS, scorer))
    shown = console.export_text()
    for part in ("hat, no-hat", "0.85", "builder 19/1, clerk 2/18", "one sided", "1.00", "–"):
        assert part in shown, part


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
    assert first["interval"] == list(CELLS[0].interval[1:3]) and second["interval"] == [None, None]


def test_a_run_without_a_scorer_of_attributes_is_refused(config):
    alone = config.model_copy(update={"safety": read_config([]).safety})
    with pytest.raises(InputError, match="no scorer of kind attribute"):
        run_bias(alone, Console())
