"""Pictures and previews as the lake stores them: bytes of a PNG, or of a small WebP."""

import io

import numpy as np
from PIL import Image

from safesweep.types import Picture

PREVIEW_SIDE = 128
"""Longest side of a stored preview, pixels."""


def png(picture: Picture) -> bytes:
    """Lossless PNG of an RGB picture [H, W, 3]."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return buffer.getvalue()


def preview_webp(picture: Picture) -> bytes:
    """Small WebP of a preview, longest side at most ``PREVIEW_SIDE``."""
    image = Image.fromarray(picture)
    image.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE))
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=80)
    return buffer.getvalue()


def unpack_picture(data: bytes) -> Picture:
    """A stored picture as uint8 [H, W, 3], RGB."""
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
