"""The split by prompt text."""

import numpy as np
import pytest

from safesweep.errors import InputError
from safesweep.gates.parts import split
from safesweep.gates.recipe import GateRecipe

PROMPTS = np.array([f"text {number % 400}" for number in range(2000)])


def test_every_text_is_in_one_part_of_about_its_share_and_stays_there():
    parts = split(PROMPTS, GateRecipe())
    assert (sum(part.astype(int) for part in parts) == 1).all()
    texts = [set(PROMPTS[part]) for part in parts]
    assert not texts[0] & texts[1] and not texts[0] & texts[2] and not texts[1] & texts[2]
    assert [len(part) / 400 for part in texts] == pytest.approx([0.6, 0.2, 0.2], abs=0.06)
    more = np.concatenate([np.array(["another"] * 3), PROMPTS])
    assert all((part == again[3:]).all() for part, again in zip(parts, split(more, GateRecipe()), strict=True))
    assert (split(PROMPTS, GateRecipe(seed=1)).train != parts.train).any()


def test_parts_that_would_be_empty_are_refused():
    with pytest.raises(InputError, match="the exchanges are of 1 prompts' texts, none of which falls to the part"):
        split(np.array(["one"] * 9), GateRecipe())
    with pytest.raises(InputError, match=r"0.7 and 0.3 leave nothing to be held out"):
        split(PROMPTS, GateRecipe(train=0.7, calibration=0.3))
