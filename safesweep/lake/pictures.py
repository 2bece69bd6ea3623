"""Pictures and previews as the lake stores them: bytes of a PNG, or of a small WebP."""

import io
import warnings

import numpy as np
from PIL import Image, UnidentifiedImageError

from safesweep.errors import InputError
from safesweep.types import Picture

KINDS = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}
"""Pillow's name of each format that a lake's picture may have -> its MIME type."""
MOST_PIXELS = 8192 * 8192
"""Of one picture: four times what the largest side by default comes to. A small file can claim far more than memory holds."""

PREVIEW_SIDE = 128
"""Longest side of a stored preview, pixels."""


class PictureError(InputError):
    """A stored picture that cannot be shown or measured; the message says why, and holds nothing of it but its first bytes."""


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


def open_picture(data: bytes) -> Image.Image:
    """A stored picture, decoded, RGB. A lake may be anybody's: by their content PNG, JPEG and WebP alone are tried, no other decoder is.

    Raises ``PictureError`` for bytes of another kind, damaged ones, and those that say they have more than ``MOST_PIXELS`` pixels.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=tuple(KINDS)) as opened:
                if opened.width * opened.height > MOST_PIXELS:
                    raise PictureError(
                        f"{opened.width:,} × {opened.height:,} pixels; allowed: {MOST_PIXELS:,} together"
                    )
                return opened.convert("RGB")
    except PictureError:
        raise
    except UnidentifiedImageError:
        raise PictureError(f"no {', '.join(KINDS)}: it begins with {data[:8]!r}") from None
    except MemoryError:
        raise PictureError("too large to be decoded") from None
    # Pillow's decoders raise errors of many kinds for bytes that somebody has made up
    except Exception as error:
        raise PictureError(f"damaged: {type(error).__name__}") from None


def kind_of(data: bytes) -> str:
    """The MIME type of bytes that ``open_picture`` takes."""
    return KINDS["WEBP" if data[:4] == b"RIFF" else "PNG" if data[:4] == b"\x89PNG" else "JPEG"]


def unpack_picture(data: bytes) -> Picture:
    """A stored picture as uint8 [H, W, 3], RGB. Raises ``PictureError`` as ``open_picture`` does."""
    return np.asarray(open_picture(data))
