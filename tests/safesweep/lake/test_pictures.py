"""Pictures as bytes."""

import numpy as np

from safesweep.lake.pictures import PREVIEW_SIDE, png, preview_webp, unpack_picture


def picture(seed: int, side: int = 64) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)


def test_pictures_are_stored_without_loss_and_previews_small():
    assert np.array_equal(unpack_picture(png(picture(1))), picture(1))
    small = unpack_picture(preview_webp(picture(2, side=512)))
    assert max(small.shape[:2]) == PREVIEW_SIDE
