"""Pictures as pages hold them: decoded and encoded anew, no larger than they are shown."""

import base64
import io

from safesweep.lake.pictures import KINDS, kind_of, open_picture
from safesweep.reports.veil import averages

BLURRED_LONGEST = 64
"""Pixels of a blurred picture, of which only 8 x 8 averages are known."""


def fit(
    encoded: bytes, longest: int, *, blurred: bool = False, lossless: int | None = None, quality: int = 80
) -> bytes:
    """A WebP of at most `longest` pixels, of a small PNG without loss. Raises `PictureError`.

    Never the bytes themselves: what else than the picture is in them (a prompt, in many generators' PNGs) does not get into a page.

    Args:
        encoded: as the lake holds it.
        longest: side in pixels.
        blurred: of averages of the picture alone.
        lossless: longest side of a PNG that is kept without loss; by default `longest`.
        quality: of WebP with loss, 0 to 100.
    """
    image = open_picture(encoded)
    exact = max(image.size) <= (longest if lossless is None else lossless) and kind_of(encoded) == KINDS["PNG"]
    if blurred:
        scale = BLURRED_LONGEST / max(image.size)
        image = averages(image, (max(1, round(image.width * scale)), max(1, round(image.height * scale))))
    else:
        image.thumbnail((longest, longest))
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", lossless=exact and not blurred, quality=quality)
    return buffer.getvalue()


def data_uri(encoded: bytes) -> str:
    """An image as the `src` of an element."""
    return f"data:{kind_of(encoded)};base64,{base64.b64encode(encoded).decode()}"
