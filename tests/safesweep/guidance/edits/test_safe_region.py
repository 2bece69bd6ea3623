"""The published shift: the same for every prompt."""

import torch

from safesweep.guidance.edits.safe_region import SafeRegion
from tests.safesweep.directions import random_direction


def test_every_prompt_is_shifted_by_the_same_numbers(model):
    direction = random_direction("shift", rank=2)
    edit = SafeRegion(direction=direction, strength=2.0)
    b, a = (factor.double() for factor in direction.factors)
    for prompt in ("a red dagger", "a blue key and a green leaf", ""):
        made = edit.apply(model, prompt, seed=0)
        moved = made.edited.embedding.tokens.double() - model.embed(prompt).tokens.double()
        assert torch.allclose(moved, 2.0 * b @ a.T, atol=1e-4)
        assert made.prompt == prompt and made.at(edit.start_step - 1) == prompt
        assert made.at(edit.start_step) == made.edited != prompt


def test_the_default_start_step_is_the_papers_counted_from_0():
    assert SafeRegion(direction=random_direction("shift")).start_step == 15 - 1
