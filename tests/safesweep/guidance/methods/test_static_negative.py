"""The static negative: its plan at every step, and that a strength of 0 is plain guidance."""

import pytest

from safesweep.guidance.methods.base import At, negative_plan, positive_plan
from safesweep.guidance.methods.static_negative import StaticNegative


def at(step: int) -> At:
    return At(step, 5, "a red dagger", "", 4.0, None)


def test_the_negative_acts_on_every_step_with_its_own_scale():
    method = StaticNegative(negative_scale=3.0, negative_prompt="dagger")
    assert [method.plan(at(step)) for step in range(5)] == [negative_plan(at(0), "dagger", 3.0)] * 5
    assert method.label() == "γ=3" and not method.needs_vlm


def test_a_strength_of_0_is_plain_guidance_and_a_negative_one_is_not():
    assert StaticNegative(negative_scale=0.0, negative_prompt="dagger").plan(at(1)) == positive_plan(at(1))
    towards = StaticNegative(negative_scale=-2.0, negative_prompt="dagger").plan(at(1))
    assert towards == negative_plan(at(1), "dagger", -2.0)


@pytest.mark.parametrize("changes", [{"negative_scale": float("inf")}, {"negative_prompt": ""}])
def test_what_cannot_be_subtracted_is_refused(changes):
    with pytest.raises(ValueError, match=next(iter(changes))):
        StaticNegative(**{"negative_scale": 1.0, "negative_prompt": "dagger", **changes})
