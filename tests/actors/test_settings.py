"""The actors' settings: what cannot run is refused."""

import pytest
from pydantic import ValidationError

from actors.settings import DiffusionSettings, StageSettings


@pytest.mark.parametrize(
    "changes",
    [
        {"max_rows": 0},
        {"concurrent_calls": 1},
        {"num_gpus": -0.5},
        {"dtype": "float64"},
        {"compile_mode": "fast"},
        {"trace_ticks": -1},
        {"max_row": 3},
    ],
)
def test_what_a_diffusion_actor_cannot_be_is_refused(changes):
    DiffusionSettings(model="m")
    with pytest.raises(ValidationError, match=next(iter(changes))):
        DiffusionSettings(model="m", **changes)


def test_a_scoring_stage_needs_a_scorer_and_keeps_each_kinds_options():
    with pytest.raises(ValidationError, match="at least 1"):
        StageSettings(scorers=())
    stage = StageSettings.model_validate({"scorers": [{"kind": "clip", "model": "m", "pretrained": "openai"}]})
    assert stage.scorers[0].pretrained == "openai"
    assert StageSettings.model_validate(stage.model_dump()) == stage
