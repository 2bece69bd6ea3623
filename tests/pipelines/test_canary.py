"""Drawing the canary: the same bits twice over."""

from actors.settings import DiffusionSettings
from pipelines.canary import draw
from safesweep.regression.canary import keep
from safesweep.regression.drift import explain_drift
from safesweep.regression.policy import CanarySettings

SETTINGS = CanarySettings(prompts=("a red circle",), seeds=(11,), num_inference_steps=2)


def test_the_same_machine_draws_the_same_bits(tmp_path):
    stage = DiffusionSettings(model="miniature/weights/diffusion")
    first, second = (
        keep(draw(stage, "DPMSolverMultistepScheduler", 64, 64, SETTINGS), tmp_path, name) for name in ("a", "b")
    )
    assert [one.picture for one in first.pictures] == [one.picture for one in second.pictures]
    assert {one.role for one in first.pictures} == {"model", "reference"}
    assert all((tmp_path / one.file).is_file() for one in first.pictures)
    assert first.environment["torch"] and first.environment["device"] == "cpu" and first.environment["code"]
    assert explain_drift(first, second, tmp_path, tolerance=0.0).kind == "none"
