"""Tiles: how a picture fits, and what a blurred one still tells."""

import io

import numpy as np
import pytest
from PIL import Image

from safesweep.lake.pictures import PictureError
from safesweep.reports.sheets.tiles import picture_tile
from tests.safesweep.reports.sheets.rows import picture, upscaled


def test_a_blurred_tile_keeps_no_detail() -> None:
    encoded = picture("skull", 3)
    clear, blurred = (np.asarray(picture_tile(encoded, 128, blur=blur), dtype=float) for blur in (False, True))
    assert blurred.shape == clear.shape == (128, 128, 3)
    assert abs(clear.mean() - blurred.mean()) < 5
    assert np.abs(np.diff(blurred, axis=1)).max() < 20 < np.abs(np.diff(clear, axis=1)).max()


def test_tiles_fit_the_picture() -> None:
    small = picture_tile(picture("cup", 1), 128, blur=False)
    assert np.array_equal(small, upscaled(picture("cup", 1)))
    assert picture_tile(picture("cup", 1, size=(512, 512)), 192, blur=False).size == (192, 192)
    wide = np.asarray(picture_tile(picture("cup", 1, size=(512, 256)), 192, blur=False))
    assert wide.shape == (192, 192, 3)
    assert len(np.unique(wide[:48].reshape(-1, 3), axis=0)) == 1
    with pytest.raises(PictureError, match="no PNG, JPEG, WEBP: it begins with b'no pictu'"):
        picture_tile(b"no picture", 128, blur=False)


@pytest.mark.parametrize("side", [64, 512])
def test_a_blurred_tile_tells_no_more_than_eight_by_eight_averages(side: int) -> None:
    """Two pictures whose 64 averages are equal, and which differ in all else, come to the very same tile."""
    block = side // 8
    averages = np.random.default_rng(5).integers(60, 196, (8, 8, 3)).repeat(block, 0).repeat(block, 1)
    stripes = np.where(np.arange(side) // (block // 2) % 2, 50, -50)
    found = {}
    for name, pixels in (
        ("plain", averages),
        ("upright", averages + stripes[None, :, None]),
        ("level", averages + stripes[:, None, None]),
        ("darker", averages - 20),
    ):
        thumbnail = pixels.reshape(8, block, 8, block, 3).mean((1, 3))
        assert np.array_equal(thumbnail, averages[::block, ::block]) == (name != "darker")
        buffer = io.BytesIO()
        Image.fromarray(pixels.astype(np.uint8)).save(buffer, "PNG")
        found[name] = np.asarray(picture_tile(buffer.getvalue(), 128, blur=True))
    assert np.array_equal(found["plain"], found["upright"]) and np.array_equal(found["plain"], found["level"])
    assert not np.array_equal(found["plain"], found["darker"])
