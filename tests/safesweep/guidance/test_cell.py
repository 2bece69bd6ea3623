"""Cells: their names, their JSON, their trials."""

import hashlib
import json

import pytest

from safesweep.guidance.cell import Cell, CellHash, as_json, cell_labels


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


def test_the_guidance_scale_is_the_cells_else_the_one_that_is_filled_in():
    cell = dynamic((1,))
    assert cell.resolve(5.0).guidance_scale == 5.0
    fixed = cell.model_copy(update={"guidance_scale": 2.0})
    assert fixed.resolve(5.0).guidance_scale == 2.0


@pytest.mark.parametrize("text", ["a red circle", 'a "quoted" \\ key\n', "ein Schlüssel 🔑 \u2028"])
@pytest.mark.parametrize("vlm", ["a/vlm@1", None])
def test_a_trial_id_is_the_hash_of_all_that_decides_the_picture(text, vlm):
    for cell in (
        dynamic((1,)).resolve(5.0),
        Cell(guidance={"method": "none"}, guidance_scale=4.0, solver="DDIMScheduler", num_inference_steps=3),
    ):
        decided = {
            "cell": json.dumps(cell.model_dump(mode="json"), sort_keys=True, ensure_ascii=False),
            "text": text,
            "seed": 2**63 - 1,
            "size": [64, 128],
            "model": "a model",
            "vlm": vlm if cell.guidance.needs_vlm else None,
        }
        wanted = hashlib.sha256(json.dumps(decided, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:32]
        assert CellHash(cell, "a model", vlm).trial_id(as_json(text), 2**63 - 1, 64, 128) == wanted


def test_steps_must_fit_the_step_count():
    with pytest.raises(ValueError, match="step 10 is beyond the last of 10 steps, 9"):
        dynamic((1, 10))
