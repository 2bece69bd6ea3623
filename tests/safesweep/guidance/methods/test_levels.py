"""Query points by noise level: VL-DNP's own steps on SD 1.4 as levels, and where they lie on other models and step counts."""

import pytest

from safesweep.guidance.methods.dynamic_negative import DynamicNegative
from safesweep.guidance.methods.levels import nearest_steps
from safesweep.models.flow import flow_scheduler, time_shift
from safesweep.models.solver import scheduler_from_name, solver_table
from tests.random_flow_models import FLUX_SCHEDULER

STEPS = (5, 6, 7, 9, 12, 16, 21, 27, 34, 42)
"""Of VL-DNP (arXiv 2510.26052), of 50 on SD 1.4."""
LEVELS = (0.893, 0.882, 0.871, 0.848, 0.810, 0.754, 0.680, 0.586, 0.471, 0.324)
"""√(1−ᾱ) / (√ᾱ + √(1−ᾱ)) there."""
SD14 = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "clip_sample": False,
    "steps_offset": 1,
}


def test_the_papers_steps_are_these_levels():
    table = solver_table(scheduler_from_name("DPMSolverMultistepScheduler", SD14), 50)
    assert [table.levels[step] for step in STEPS] == pytest.approx(LEVELS, abs=1e-3)
    assert nearest_steps(table.levels, LEVELS) == set(STEPS)


@pytest.mark.parametrize(
    ("side", "steps"),
    [(1024, {8, 9, 10, 12, 14, 17, 19, 22, 24}), (512, {5, 6, 7, 9, 11, 13, 16, 19, 22})],
)
def test_they_lie_elsewhere_on_flux_and_follow_its_size(side, steps):
    schedule = {"sigmas": [1 - i / 28 for i in range(28)], "mu": time_shift(FLUX_SCHEDULER, (side // 16) ** 2, 1.15)}
    table = solver_table(flow_scheduler("FlowMatchEulerDiscreteScheduler", FLUX_SCHEDULER), 28, schedule)
    assert nearest_steps(table.levels, LEVELS) == steps


def test_a_few_steps_take_several_levels_each():
    assert nearest_steps((1.0, 0.75, 0.5, 0.25), LEVELS) == {0, 1, 2, 3}
    assert nearest_steps((0.5, 0.5), (0.5,)) == {0}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "query_steps or query_levels: one of both is needed"),
        ({"query_steps": [1], "query_levels": [0.5]}, "query_steps or query_levels: one of both is needed"),
        ({"query_levels": [0.3, 0.5]}, "different levels in .* in descending order"),
        ({"query_levels": [1.2]}, "different levels in .* in descending order"),
    ],
)
def test_what_cannot_be_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        DynamicNegative.model_validate({"vocabulary": "miniature", "negative_scale": 2.0, **given})


def test_a_cell_without_levels_is_written_as_before_there_were_any():
    method = DynamicNegative.model_validate({"vocabulary": "miniature", "negative_scale": 2.0, "query_steps": [1]})
    assert "query_levels" not in method.model_dump(mode="json")
    assert "query_levels" in method.model_copy(update={"query_steps": (), "query_levels": (0.5,)}).model_dump(
        mode="json"
    )
