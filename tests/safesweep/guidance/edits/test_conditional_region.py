"""The gated edit: prompts that the gate is closed for stay as they are."""

import numpy as np
import torch

from safesweep.guidance.direction import Direction
from safesweep.guidance.edits.conditional_region import ConditionalRegion
from tests.safesweep.directions import random_direction


def gate_closed_for(model, prompt):
    """A direction whose gate reads every token of the prompt as negative."""
    direction = random_direction("conditional")
    tokens = model.embed(prompt).tokens
    gate = torch.linalg.lstsq(tokens.double(), -torch.ones(len(tokens), 1).double()).solution.float()
    assert (tokens @ gate).max() < 0
    return Direction("closed", "conditional", (gate, direction.factors[1]))


def test_a_prompt_that_the_gate_is_closed_for_is_the_prompt_itself(model):
    harmless = "a green leaf"
    closed = ConditionalRegion(direction=gate_closed_for(model, harmless), strength=5.0)
    assert closed.apply(model, harmless, seed=0).edited == harmless


def test_open_tokens_are_moved_by_relu_of_the_gate(model):
    direction = random_direction("conditional", rank=3)
    tokens = model.embed("a red dagger").tokens.double().numpy()
    gate, move = (factor.double().numpy() for factor in direction.factors)
    made = ConditionalRegion(direction=direction, strength=1.5).apply(model, "a red dagger", seed=0)
    wanted = tokens + 1.5 * np.maximum(tokens @ gate, 0) @ move
    assert np.allclose(made.edited.embedding.tokens.double().numpy(), wanted, atol=1e-4)


def test_the_default_start_step_is_the_first():
    assert ConditionalRegion(direction=random_direction("conditional")).start_step == 0
