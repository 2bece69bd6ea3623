"""The canary's record: its files, and digests against hashlib."""

import hashlib

import numpy as np
from PIL import Image

from safesweep.regression.canary import Canary, Drawn, DrawnPicture, keep


def test_pictures_are_written_without_loss_and_recorded_by_their_pixels(tmp_path):
    rng = np.random.default_rng(0)
    pixels = [rng.integers(0, 256, (8, 8, 3), dtype=np.uint8) for _ in range(2)]
    keys = [("model", "a red circle", 11), ("reference", "a/../circle", 12)]
    pictures = {key: DrawnPicture(f"latents {key[2]}", one) for key, one in zip(keys, pixels, strict=True)}
    drawn = Drawn(pictures, {"model": "m@1", "reference": "r@1"}, {"torch": "2"}, "steps=2")
    canary = keep(drawn, tmp_path, "night-1")
    assert [one.key for one in canary.pictures] == keys
    for kept, wanted in zip(canary.pictures, pixels, strict=True):
        assert kept.picture == hashlib.sha256(wanted.tobytes()).hexdigest()
        assert kept.latents == f"latents {kept.seed}"
        with Image.open(tmp_path / kept.file) as opened:
            assert np.array_equal(np.asarray(opened), wanted)
    assert {one.file for one in canary.pictures} == {"canary/night-1/00-model.png", "canary/night-1/01-reference.png"}
    assert (canary.digests, canary.environment, canary.settings) == (drawn.digests, drawn.environment, drawn.settings)
    assert Canary.model_validate_json(canary.model_dump_json()) == canary
