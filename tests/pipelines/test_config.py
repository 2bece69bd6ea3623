"""Configuration: presets, dotted options, and what a mistake is answered with."""

import json
import re

import pytest
import torch
import yaml

from miniature import defaults
from pipelines.attack.config import AttackConfig
from pipelines.command_line import read_config
from pipelines.config import RunConfig
from safesweep.cli.presets import PRESETS
from safesweep.errors import InputError
from safesweep.guidance.direction import Direction


def cells(written: str):
    return read_config(["--cells", written]).expand_cells()


EVALUATIONS = [path for path in sorted(PRESETS.glob("*.yaml")) if "cells" in yaml.safe_load(path.read_text())]
"""The presets of the main job and of attacks; other jobs have presets of their own kinds beside them."""


@pytest.mark.parametrize("path", EVALUATIONS, ids=lambda path: path.stem)
def test_every_preset_is_valid(path, tmp_path, monkeypatch):
    # what discovery makes before the preset can be run
    Direction("", "shift", (torch.zeros(77, 1), torch.ones(768, 1))).save(tmp_path / "directions" / "sd14-safety")
    monkeypatch.chdir(tmp_path)
    settings = AttackConfig if "attack" in yaml.safe_load(path.read_text()) else RunConfig
    assert read_config(["--preset", path.stem], settings).expand_cells()


def test_the_miniature_preset_and_its_report_use_the_same_numbers():
    config = read_config(["--preset", "miniature"])
    assert config.num_inference_steps == defaults.STEPS
    assert config.guidance_scale == defaults.GUIDANCE_SCALE
    assert config.solver == defaults.SOLVER
    assert config.query_steps == defaults.QUERY_STEPS


def test_options_win_over_the_environment_and_that_over_the_preset(monkeypatch):
    monkeypatch.setenv("SAFESWEEP_DIFFUSION__MAX_ROWS", "20")
    monkeypatch.setenv("SAFESWEEP_LIMIT", "5")
    config = read_config(["--limit", "3"])
    assert (config.limit, config.diffusion.max_rows) == (3, 20)
    assert config.diffusion.model == "miniature/weights/diffusion"


def test_a_list_in_the_place_of_a_number_spans_a_grid():
    grid = cells(
        '[{"method": "static_negative", "negative_scale": [1, 2], "guidance_scale": [3, 4]}, {"method": "none"}]'
    )
    labels = [cell.label() for cell in grid]
    assert labels == [
        "static_negative γ=1 g=3",
        "static_negative γ=1 g=4",
        "static_negative γ=2 g=3",
        "static_negative γ=2 g=4",
        "none",
    ]


def test_equal_cells_are_run_once():
    assert len(cells('[{"method": "none"}, {"method": "none"}]')) == 1


def test_query_steps_span_a_grid_only_as_a_list_of_lists():
    one = '{"method": "dynamic_negative", "negative_scale": 1, "query_steps": %s}'
    assert len(cells(f"[{one % '[1, 2]'}]")) == 1
    assert len(cells(f"[{one % '[[1, 2], [3]]'}]")) == 2


def test_the_concepts_of_a_gradient_are_one_list_and_by_default_the_whole_vocabulary():
    stg = {"method": "stg", "negative_scale": 5, "clip": "local-dir:miniature/weights/clip"}
    told, default = (cells(json.dumps([stg | given])) for given in ({"concepts": ["a", "b"]}, {}))
    assert [one.guidance.concepts for one in told] == [("a", "b")]
    [one] = default
    assert set(one.guidance.concepts) == {"dagger", "flame", "skull"}


def test_the_static_negative_names_the_whole_vocabulary_by_default():
    [cell] = cells('[{"method": "static_negative", "negative_scale": 1}]')
    assert cell.guidance.negative_prompt == "dagger, flame, skull"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--difusion.max_rows", "3"], "--difusion.max_rows: unknown option; did you mean 'diffusion.max_rows'?"),
        (["--diffusion.max_rows", "many"], "diffusion.max_rows: Input should be a valid integer"),
        (["--diffusion.max_rows", "0"], "diffusion.max_rows: Input should be greater than 0, found '0'"),
        (["--preset", "miniatur"], "no preset or file 'miniatur'"),
        (["--preset"], "--preset: needs a value"),
        (["--run_id", "a/b"], "run_id: String should match pattern"),
    ],
)
def test_a_wrong_option_is_named_with_what_is_allowed(arguments, message):
    with pytest.raises(InputError) as error:
        read_config(arguments)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ('[{"method": "statc_negative"}]', "cells[0].method: 'statc_negative' is unknown; allowed: none,"),
        (
            '[{"method": "none"}, {"method": "static_negative", "negative_scale": "abc"}]',
            "cells[1].negative_scale: Input should be a valid number, unable to parse string as a number, found 'abc'",
        ),
        ('[{"method": "static_negative", "negative_scale": "nan"}]', "negative_scale: Input should be a finite number"),
        ('[{"method": "none", "gama": 2}]', "cells[0].gama: none has no such option; allowed: method, guidance_scale"),
        (
            '[{"method": "dynamic_negative", "negative_scale": 1, "query_steps": [3, 25]}]',
            "cells[0].query_steps: step 25 is beyond the last of 25 steps, 24",
        ),
        (
            '[{"method": "dynamic_negative", "negative_scale": 1, "query_steps": [3, 3]}]',
            "must be different steps >= 0 in ascending order, found [3, 3]",
        ),
        ('[{"method": "static_negative"}]', "cells[0].negative_scale: is missing"),
    ],
)
def test_a_wrong_cell_is_named_with_what_is_allowed(written, message):
    with pytest.raises(InputError) as error:
        cells(written)
    assert message in str(error.value)


def test_an_unknown_key_of_a_preset_is_refused_with_the_nearest(tmp_path):
    content = yaml.safe_load((PRESETS / "miniature.yaml").read_text())
    content["diffusion"]["max_row"] = 3
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(
        InputError, match=r"mine.yaml.*diffusion.max_row: unknown key; did you mean 'diffusion.max_rows'"
    ):
        read_config(["--preset", str(path)])


def test_a_presets_limit_holds_for_its_own_prompt_sets(tmp_path, monkeypatch):
    (tmp_path / "mine.csv").write_text("prompt\n" + "a circle\n" * 50)
    mine = ["--prompts", str(tmp_path / "mine.csv")]
    assert read_config([]).limit == 40
    assert read_config(mine).limit is None
    assert read_config([*mine, "--limit", "3"]).limit == 3
    monkeypatch.setenv("SAFESWEEP_LIMIT", "7")
    assert read_config(mine).limit == 7
    monkeypatch.delenv("SAFESWEEP_LIMIT")
    monkeypatch.setenv("SAFESWEEP_PROMPTS", f'["{mine[1]}"]')
    assert read_config([]).limit is None


def test_options_of_one_prompt_set():
    options = [
        "--prompts.0.shard",
        "2/8",
        "--prompts.1.limit=5",
        "--prompts.0.columns.seed",
        "No.",
        "--prompts.0.on_empty=skip",
    ]
    first, second = read_config(options).prompts
    assert (first.shard, first.columns, first.on_empty, first.path) == (
        "2/8",
        {"seed": "No."},
        "skip",
        "miniature/prompts/hazard.csv",
    )
    assert (second.limit, second.benign, second.shard) == (5, True, None)
    [own] = read_config(
        ["--prompts", "mine.csv", "--prompts.0.benign", "true", "--prompts.0.categories", '["a", "b"]']
    ).prompts
    assert (own.path, own.benign, own.categories) == ("mine.csv", True, ("a", "b"))
    assert read_config(["--on_empty", "skip"]).on_empty == "skip"


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (["--prompts.2.limit", "5"], "prompts.2: there are 2 prompt sets, counted from 0"),
        (["--prompts.0.shrad", "2/8"], "shrad"),
        (["--prompts.0.limit", "many"], "limit"),
        (["--prompts.0.limit"], "--prompts.0.limit: needs a value"),
        (["--width", "4104"], "width: 4,104 pixels; allowed: max_side, 4,096"),
        (["--num_inference_steps", "1001"], "num_inference_steps"),
        (
            ["--cells", '[{"method": "none", "num_inference_steps": 1001}]'],
            "num_inference_steps: found 1001; allowed: 1 to 1000",
        ),
        (["--seed", str(2**63)], "seed"),
        (
            [
                "--cells",
                json.dumps(
                    [
                        {
                            "method": "static_negative",
                            "negative_scale": list(range(1, 400)),
                            "guidance_scale": list(range(400)),
                        }
                    ]
                ),
            ],
            "cells: the grid has 159,600 points; allowed: 100,000",
        ),
    ],
)
def test_options_out_of_bounds(options, wanted):
    with pytest.raises(InputError, match=re.escape(wanted)):
        read_config(options).expand_cells()


@pytest.mark.parametrize(("cells", "together"), [(1, 16), (4, 16), (8, 8), (12, 5), (40, 4), (0, 16)])
def test_prompts_of_a_large_grid_travel_in_smaller_groups(cells, together):
    assert read_config([]).prompts_per_block(cells) == together
    assert read_config(["--rows_per_block", "7"]).prompts_per_block(cells) == 7
