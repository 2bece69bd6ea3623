"""The canary: the same twice over, and its four answers to why pictures moved."""

import numpy as np
import pytest

from actors.settings import DiffusionSettings
from safesweep.regression.canary import draw, explain_drift, keep
from safesweep.regression.policy import CanarySettings

SETTINGS = CanarySettings(prompts=("a red circle",), seeds=(11,), num_inference_steps=2)


@pytest.fixture
def made(tmp_path):
    """Makes a record from two plain pictures whose brightness is given."""

    def make(name, model=100, reference=100, digests=("m@1", "r@1"), settings="steps=2", latents="l", **environment):
        shots = {
            (role, "a red circle", 11): (latents, np.full((8, 8, 3), level, np.uint8))
            for role, level in (("model", model), ("reference", reference))
        }
        both = {"model": digests[0], "reference": digests[1]}
        return keep(shots, both, {"torch": "2", "device": "cpu", **environment}, settings, tmp_path, name)

    return make


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, "none"),
        ({"model": 101, "reference": 101, "torch": "3"}, "none"),
        ({"torch": "3"}, "none"),
        ({"model": 140, "digests": ("m@2", "r@1")}, "model"),
        ({"model": 140}, "model"),
        ({"model": 140, "torch": "3", "digests": ("m@2", "r@1")}, "model"),
        ({"model": 140, "reference": 130, "torch": "3"}, "infrastructure"),
        ({"model": 140, "reference": 130}, "infrastructure"),
        ({"model": 140, "reference": 130, "torch": "3", "digests": ("m@2", "r@1")}, "both"),
        ({"model": 140, "reference": 140, "digests": ("m@2", "m@2")}, "model"),
        ({"model": 140, "reference": 140, "digests": ("m@2", "m@2"), "torch": "3"}, "unknown"),
        ({"settings": "steps=3"}, "unknown"),
    ],
)
def test_why_pictures_moved(made, tmp_path, changes, kind):
    drift = explain_drift(made("then"), made("now", **changes), tmp_path, tolerance=1.0)
    assert drift.kind == kind, drift
    if "torch" in changes:
        assert "torch 2 → 3" in drift.changed


def test_distances_are_those_of_the_pixels_and_other_noise_is_named(made, tmp_path):
    drift = explain_drift(made("then"), made("now", model=140, latents="other"), tmp_path, tolerance=1.0)
    assert (drift.model_distance, drift.reference_distance) == (40.0, 0.0)
    assert "the initial noise of a seed is not what it was" in drift.sentence


def test_the_same_machine_draws_the_same_bits(tmp_path):
    stage = DiffusionSettings(model="miniature/weights/diffusion")
    first, second = (
        keep(*draw(stage, "DPMSolverMultistepScheduler", 64, 64, SETTINGS), tmp_path, name) for name in ("a", "b")
    )
    assert [shot.picture for shot in first.shots] == [shot.picture for shot in second.shots]
    assert {shot.role for shot in first.shots} == {"model", "reference"}
    assert all((tmp_path / shot.file).is_file() for shot in first.shots)
    assert first.environment["torch"] and first.environment["device"] == "cpu" and first.environment["code"]
    assert explain_drift(first, second, tmp_path, tolerance=0.0).kind == "none"
