"""Cells: their names, their JSON, their trials."""

import pytest

from safesweep.guidance.cell import Cell, cell_labels
from safesweep.types import Prompt


def dynamic(query_steps, gamma=7.5, steps=10):
    method = {
        "method": "dynamic_negative",
        "negative_scale": gamma,
        "query_steps": query_steps,
        "vocabulary": "miniature",
    }
    return Cell(guidance=method, solver="DDIMScheduler", num_inference_steps=steps)


def test_cells_of_one_name_are_told_apart_by_what_differs():
    assert cell_labels([dynamic((1,)), dynamic((2, 3)), dynamic((1,), gamma=5)]) == [
        "dynamic_negative γ=7.5 query_steps=[1]",
        "dynamic_negative γ=7.5 query_steps=[2, 3]",
        "dynamic_negative γ=5",
    ]
    assert cell_labels([dynamic((1,)), dynamic((1,), steps=20)])[1] == "dynamic_negative γ=7.5 num_inference_steps=20"


def test_a_cell_survives_its_json():
    cell = dynamic((1, 4))
    again = Cell.model_validate_json(cell.canonical_json())
    assert again == cell and hash(again) == hash(cell) and again.canonical_json() == cell.canonical_json()


def test_the_guidance_scale_is_the_cells_else_the_prompts_else_the_default():
    def prompt(scale):
        return Prompt("x", 1, scale, None, None, "0", 0, (), "set", "set.csv", "0")

    cell = dynamic((1,))
    assert cell.resolve(prompt(5.0), 7.5).guidance_scale == 5.0
    assert cell.resolve(prompt(None), 7.5).guidance_scale == 7.5
    fixed = cell.model_copy(update={"guidance_scale": 2.0})
    assert fixed.resolve(prompt(5.0), 7.5).guidance_scale == 2.0


def test_steps_must_fit_the_step_count():
    with pytest.raises(ValueError, match="step 10 is beyond the last of 10 steps, 9"):
        dynamic((1, 10))
