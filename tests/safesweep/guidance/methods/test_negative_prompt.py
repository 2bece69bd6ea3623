"""Ordinary negative prompting, against diffusers' own ``negative_prompt``."""

import pytest

from safesweep.guidance.methods.negative_prompt import NegativePrompt
from tests.safesweep.guidance.methods.plain_runs import assert_equals_the_pipeline


def test_it_is_diffusers_negative_prompt_and_costs_no_row_more(pipe, model):
    guidance = {"method": "negative_prompt", "negative_prompt": "dagger, flame"}
    assert_equals_the_pipeline(pipe, model, guidance, negative_prompt="dagger, flame")


def test_an_empty_negative_is_refused():
    with pytest.raises(ValueError, match="at least 1 character"):
        NegativePrompt(negative_prompt="")
