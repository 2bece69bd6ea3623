"""The contract of a text edit: when the edited text acts, and what the cost plan supposes."""

import pytest

from safesweep.guidance.edits.base import EditedPrompt, unedited
from safesweep.guidance.edits.safe_region import SafeRegion
from safesweep.guidance.edits.safree import Safree
from tests.safesweep.directions import random_direction


@pytest.mark.parametrize(
    ("first", "last", "acting"), [(0, None, "111111"), (2, None, "001111"), (1, 3, "011100"), (0, 0, "100000")]
)
def test_the_edited_text_acts_from_its_first_step_to_its_last(first, last, acting):
    made = EditedPrompt("plain", "edited", first, last)
    assert [made.at(step) for step in range(6)] == ["edited" if one == "1" else "plain" for one in acting]


def test_an_unedited_prompt_is_itself_at_every_step():
    assert {unedited("a key").at(step) for step in range(4)} == {"a key"} and unedited("a key").empty == ""


def test_the_plan_supposes_a_text_of_its_own_for_every_edit_and_prompt():
    edits = [SafeRegion(direction=random_direction(seed=seed), start_step=3) for seed in (1, 2)]
    supposed = [edit.supposed(prompt) for edit in edits for prompt in ("a key", "a cup")]
    assert len({one.edited for one in supposed}) == 4
    assert all(one.at(2) == one.prompt and one.at(3) == one.edited for one in supposed)
    assert Safree(concepts=("dagger",)).supposed("a key").edited != "a key"
