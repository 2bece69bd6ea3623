"""Pictures on pages: bounded, encoded anew, blurred for good where they are."""

import base64
import io

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from safesweep.lake.pictures import PictureError, png
from safesweep.reports.images import BLURRED_LONGEST, data_uri, fit


def noise(side: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (side, side, 3), dtype=np.uint8)


def shown(encoded: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(encoded)).convert("RGB"))


def test_a_small_png_is_kept_without_loss_and_without_what_else_is_in_it():
    held = io.BytesIO()
    told = PngImagePlugin.PngInfo()
    told.add_text("parameters", "a secret prompt")
    Image.fromarray(noise(40)).save(held, "PNG", pnginfo=told)
    encoded = fit(held.getvalue(), 64)
    assert (shown(encoded) == noise(40)).all()
    assert b"secret" in held.getvalue() and b"secret" not in encoded
    assert data_uri(encoded) == f"data:image/webp;base64,{base64.b64encode(encoded).decode()}"


def test_a_large_one_is_made_smaller_and_loss_begins_where_it_is_said():
    assert shown(fit(png(noise(200)), 64)).shape == (64, 64, 3)
    assert not (shown(fit(png(noise(60)), 64, lossless=32)) == noise(60)).all()


def test_a_blurred_one_is_averages():
    blurred = shown(fit(png(noise(200)), 320, blurred=True))
    assert blurred.shape == (BLURRED_LONGEST, BLURRED_LONGEST, 3)
    assert blurred.std() < noise(200).std() / 4


def test_what_is_no_picture_is_refused():
    with pytest.raises(PictureError):
        fit(b"", 64)
