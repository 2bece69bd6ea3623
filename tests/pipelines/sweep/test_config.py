"""Grids, ranges, and the checks of a sweep's configuration."""

import re
from pathlib import Path

import pytest
import yaml

from pipelines.command_line import read_config
from pipelines.sweep.config import Range, SweepConfig, baseline_cells, option
from safesweep.errors import InputError
from safesweep.guidance.cell import cell_labels


def config(*options: str) -> SweepConfig:
    return read_config(list(options), SweepConfig, default_preset="sweep")


def test_the_presets_grid_is_five_gammas_by_three_g_by_two_methods_and_baselines():
    cells = config().expand_cells()
    assert len(cells) == 3 + 2 * 3 * 5
    points = {(cell.method, cell.guidance_scale, cell.negative_scale) for cell in cells}
    gammas = (2.5, 5.0, 7.5, 10.0, 12.5)
    assert points == {("none", g, None) for g in (3.0, 4.0, 6.0)} | {
        (method, g, gamma)
        for method in ("static_negative", "dynamic_negative")
        for g in (3.0, 4.0, 6.0)
        for gamma in gammas
    }
    assert len(set(cell_labels(cells))) == len(cells)


def test_axes_span_lists_ranges_and_query_steps_and_a_methods_own_options_win():
    grid = (
        '{"methods": ["none", {"method": "dynamic_negative", "guidance_scale": 5}],'
        ' "negative_scale": {"from": 0.1, "to": 0.3, "count": 3}, "query_steps": [[2], [2, 4]]}'
    )
    cells = config("--grid", grid).expand_cells()
    plain = [cell for cell in cells if cell.method == "none"]
    assert [cell.guidance_scale for cell in plain] == [3.0, 4.0, 6.0]
    asking = [(cell.guidance_scale, cell.negative_scale, option(cell, "query_steps")) for cell in cells[3:]]
    assert asking == [(5.0, gamma, steps) for gamma in (0.1, 0.2, 0.3) for steps in ((2,), (2, 4))]


def test_explicit_cells_come_beside_the_grid_and_equal_ones_once():
    cells = (
        '[{"method": "static_negative", "negative_scale": 99, "guidance_scale": 4},'
        ' {"method": "none", "guidance_scale": [4, 9]},'
        ' {"method": "static_negative", "guidance_scale": 4, "negative_scale": {"from": 1, "to": 2, "step": 1}}]'
    )
    found = config("--cells", cells).expand_cells()
    assert len(found) == 33 + 1 + 1 + 2


def test_a_larger_grid_on_the_command_line_keeps_the_presets_other_axes():
    cells = config("--grid", '{"negative_scale": [2.5, 20]}').expand_cells()
    assert {cell.negative_scale for cell in cells} == {None, 2.5, 20.0}
    assert {cell.guidance_scale for cell in cells} == {3.0, 4.0, 6.0}


def test_ranges():
    assert Range.model_validate({"from": 0.1, "to": 0.4, "step": 0.1}).values() == [0.1, 0.2, 0.3, 0.4]
    assert Range.model_validate({"from": 1, "to": 2, "count": 5}).values() == [1, 1.25, 1.5, 1.75, 2]


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ('{"from": 1, "to": 2}', "step or count"),
        ('{"from": 1, "to": 2, "step": 1, "count": 2}', "step or count"),
        ('{"from": 2, "to": 1, "step": 1}', "more than from"),
        ('{"from": 1, "to": 2, "step": 0.3}', "whole number of steps"),
        ('{"from": 1, "step": 0.3}', "is missing"),
        ('{"from": 1, "to": 2, "stap": 0.3}', "unknown key"),
    ],
)
def test_a_bad_range_is_named(written, message):
    with pytest.raises(InputError, match=rf"grid\.negative_scale.*{message}"):
        config("--grid", f'{{"negative_scale": {written}}}').expand_cells()


def test_a_sweep_without_cells_is_refused():
    with pytest.raises(InputError, match="no cell"):
        SweepConfig.model_validate({**config().model_dump(), "grid": {}}).expand_cells()


def test_baselines_have_the_same_g_solver_and_steps():
    cells = config(
        "--cells",
        '[{"method": "static_negative", "negative_scale": 1, "guidance_scale": 4, "num_inference_steps": 30}]',
    ).expand_cells()
    compared = baseline_cells(cells)
    assert compared[:3] == [None] * 3 and compared[-1] is None
    for cell, base in list(zip(cells, compared, strict=True))[3:-1]:
        assert cells[base].method == "none" and cells[base].guidance_scale == cell.guidance_scale


def test_the_documents_grid_is_a_sweep(tmp_path):
    root = Path(__file__).resolve().parents[3]
    [written] = re.findall(r"```yaml\n(.*?)```", (root / "docs" / "sweep.md").read_text(), flags=re.DOTALL)
    preset = yaml.safe_load((root / "jobs" / "presets" / "sweep.yaml").read_text())
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({**preset, **yaml.safe_load(written)}))
    found = config("--preset", str(path))
    # two g; five γ of the static, five γ with two lists of query steps of the dynamic, and the explicit cell
    assert len(found.expand_cells()) == 2 + 2 * 5 + 2 * 5 * 2 + 1
    assert (found.run_id, found.choose.per) == ("my-sweep", ("method", "guidance_scale"))
