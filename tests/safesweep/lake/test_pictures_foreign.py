"""Pictures of somebody else's lake: three formats, by their content, and nothing that takes a machine down."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from safesweep.lake.pictures import MOST_PIXELS, PictureError, kind_of, open_picture, unpack_picture


def encoded(kind: str, mode: str = "RGB", size: tuple[int, int] = (16, 8), **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size, 7).save(buffer, kind, **options)
    return buffer.getvalue()


def claiming(width: int, height: int) -> bytes:
    """A PNG of a few kB that says it is so large, as a decompression bomb does."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes(1 << 16)))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(("kind", "mime"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp")])
def test_three_formats_are_read(kind: str, mime: str) -> None:
    data = encoded(kind)
    assert open_picture(data).size == (16, 8) and kind_of(data) == mime
    assert unpack_picture(data).shape == (8, 16, 3)


def test_transparency_and_palettes_become_colours() -> None:
    assert open_picture(encoded("PNG", "P")).mode == open_picture(encoded("WEBP", "RGBA")).mode == "RGB"


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "ICO", "PPM", "TGA", "PCX", "EPS", "PDF"])
def test_no_other_decoder_is_tried(kind: str) -> None:
    with pytest.raises(PictureError, match="no PNG, JPEG, WEBP: it begins with"):
        open_picture(encoded(kind))


@pytest.mark.parametrize(
    ("width", "height"), [(8193, 8192), (60_000, 60_000), (2**31 - 1, 2**31 - 1), (MOST_PIXELS + 1, 1)]
)
def test_a_bomb_is_refused_before_it_is_decoded(width: int, height: int) -> None:
    with pytest.raises(PictureError):
        open_picture(claiming(width, height))


def test_broken_bytes_are_one_kind_of_error() -> None:
    """Whichever of Pillow's it was: every cut and many flips of a file of each format."""
    random = np.random.default_rng(0)
    seen = 0
    for kind in ("PNG", "JPEG", "WEBP"):
        pixels = random.integers(0, 255, (40, 40, 3), dtype=np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, kind)
        whole = buffer.getvalue()
        spoiled = [whole[:end] for end in range(0, len(whole), max(1, len(whole) // 60))]
        for _ in range(200):
            flipped = bytearray(whole)
            flipped[random.integers(len(flipped))] ^= int(random.integers(1, 256))
            spoiled.append(bytes(flipped))
        for data in spoiled:
            try:
                open_picture(data)
            except PictureError:
                seen += 1
    assert seen > 150


def test_a_bomb_in_a_pngs_text_is_refused() -> None:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("x", "0" * (80 << 20), zip=True)
    with pytest.raises(PictureError):
        open_picture(encoded("PNG", pnginfo=info))
