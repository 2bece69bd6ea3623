"""The canary's four answers to why pictures moved."""

import numpy as np
import pytest
from PIL import Image

from safesweep.regression.canary import Canary, Drawn, DrawnPicture, keep
from safesweep.regression.drift import explain_drift


@pytest.fixture
def made(tmp_path):
    """Makes a record from two plain pictures whose brightness is given."""

    def make(name, model=100, reference=100, digests=("m@1", "r@1"), settings="steps=2", latents="l", **environment):
        pictures = {
            (role, "a red circle", 11): DrawnPicture(latents, np.full((8, 8, 3), level, np.uint8))
            for role, level in (("model", model), ("reference", reference))
        }
        both = {"model": digests[0], "reference": digests[1]}
        drawn = Drawn(pictures, both, {"torch": "2", "device": "cpu", **environment}, settings)
        return keep(drawn, tmp_path, name)

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


def test_a_record_reads_as_it_was_written_and_keeps_its_keys(made):
    canary = made("then")
    written = canary.model_dump(mode="json")
    assert list(written) == ["shots", "digests", "environment", "settings"]
    assert list(written["shots"][0]) == ["role", "prompt", "seed", "latents", "picture", "file"]
    assert Canary.model_validate(written) == canary


@pytest.mark.parametrize("change", ["outside", "link", "gif"])
def test_a_record_names_pictures_of_its_own_folder(made, tmp_path, change):
    """It may be anybody's, and what it names elsewhere is not looked at: the two cannot be laid on each other."""
    suite = tmp_path / "suite"
    then, now = made("then"), made("now", model=101)
    suite.mkdir()
    (tmp_path / "canary").rename(suite / "canary")
    file = suite / then.pictures[0].file
    if change == "gif":
        Image.open(file).save(file, "GIF")
    else:
        file.rename(tmp_path / "elsewhere.png")
        if change == "link":
            file.symlink_to(tmp_path / "elsewhere.png")
        else:
            pictures = (then.pictures[0].model_copy(update={"file": "../elsewhere.png"}), *then.pictures[1:])
            then = then.model_copy(update={"pictures": pictures})
    assert explain_drift(then, now, suite, tolerance=1.0).model_distance == 255.0
