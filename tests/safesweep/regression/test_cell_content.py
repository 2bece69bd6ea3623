"""What a cell is, as a flat table, and in what two differ."""

import json

import pytest

from safesweep.errors import InputError
from safesweep.guidance.cell import Cell
from safesweep.regression.cell_content import CELL_KEYS, cell_content, check_allowed, differences, refused


def cell(edit=None, **numbers):
    guidance = {"method": "static_negative", "negative_scale": 7.5, "negative_prompt": "x"}
    content = {
        "guidance": guidance,
        "edit": edit,
        "guidance_scale": 4.0,
        "solver": "DDIMScheduler",
        "num_inference_steps": 25,
    }
    return json.dumps({**content, **numbers})


def test_keys_are_those_of_presets():
    numbers = {"solver": "DDIMScheduler", "num_inference_steps": 25, "embedded_guidance": 3.5}
    real = Cell(guidance={"method": "none"}, **numbers).canonical_json()
    assert set(cell_content(real)) >= CELL_KEYS - {"checkpoint"} | {"method"}
    assert set(Cell.model_fields) - {"guidance", "edit"} == CELL_KEYS
    assert cell_content(cell({"edit": "safree"}))["edit.edit"] == '"safree"'


def test_another_checkpoint_is_a_difference_of_its_own():
    base, put = (
        json.dumps({"guidance": {"method": "none"}, **more}) for more in ({}, {"checkpoint": {"network": "sha256:1"}})
    )
    assert differences(base, put) == {"checkpoint": ("none", '{"network": "sha256:1"}')}
    assert (
        refused(["checkpoint"], ["method", "edit"]) == ["checkpoint"] and refused(["checkpoint"], ["checkpoint"]) == []
    )


@pytest.mark.parametrize("text", ["no JSON", "[1]", '{"guidance": 1}', ""])
def test_text_that_is_no_cell_is_one_value(text):
    assert cell_content(text) == {"cell": text}


def test_order_and_blanks_are_no_difference_and_numbers_are():
    text = cell()
    assert differences(text, json.dumps(json.loads(text), sort_keys=True, indent=2)) == {}
    assert differences(text, cell(num_inference_steps=10, solver="UniPC")) == {
        "num_inference_steps": ("25", "10"),
        "solver": ('"DDIMScheduler"', '"UniPC"'),
    }
    assert differences(text, cell({"edit": "safree", "alpha": 1})) == {
        "edit.alpha": ("none", "1"),
        "edit.edit": ("none", '"safree"'),
    }


@pytest.mark.parametrize(
    ("allowed", "left"),
    [
        ((), ["edit.alpha", "method", "negative_scale", "solver"]),
        (("method",), ["edit.alpha", "solver"]),
        (("edit",), ["method", "negative_scale", "solver"]),
        (("edit.alpha", "negative_scale"), ["method", "solver"]),
        (("solver", "method", "edit"), []),
    ],
)
def test_what_is_not_allowed_is_left(allowed, left):
    assert refused(["edit.alpha", "method", "negative_scale", "solver"], allowed) == left


def test_a_name_that_no_cell_has_is_refused():
    check_allowed(["method", "edit", "num_inference_steps", "negative_scale"], [cell_content(cell())])
    with pytest.raises(
        InputError, match="--allow: 'num_inference_step' is nothing .*; did you mean 'num_inference_steps'"
    ):
        check_allowed(["num_inference_step"], [cell_content(cell())])
