"""No safety guidance, against diffusers' own pipeline."""

from tests.safesweep.guidance.methods.plain_runs import assert_equals_the_pipeline


def test_it_is_diffusers_pipeline(pipe, model):
    assert_equals_the_pipeline(pipe, model, {"method": "none"})
