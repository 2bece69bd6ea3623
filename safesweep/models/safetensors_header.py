"""Whether a weights file is whole, from its first bytes and its size: no weight is read, and no library loaded."""

import json
import struct
from pathlib import Path

LONGEST_HEADER = 100_000_000
"""Bytes; what the format itself allows."""
POINTER = b"version https://git-lfs"
"""How the small text begins that Git LFS keeps in the place of a file."""


def broken_weights(file: Path) -> str | None:
    """Why ``file`` cannot be the weights that its name says, or ``None``.

    A safetensors file is 8 bytes with the header's length, the header (JSON: tensor -> type, shape, ``data_offsets``), and as many bytes
    as the last offset says (https://github.com/huggingface/safetensors#format). Of other formats only an LFS pointer and an empty file
    are told.
    """
    return _read(file)[0]


def tensor_shapes(file: Path) -> dict[str, tuple[int, ...]]:
    """Tensor -> shape of a safetensors file, which must have passed ``broken_weights``."""
    return {
        name: tuple(tensor["shape"]) for name, tensor in json.loads(_read(file)[1]).items() if name != "__metadata__"
    }


def _read(file: Path) -> tuple[str | None, bytes]:
    """Why a file is broken, or ``None``, and its header."""
    size = file.stat().st_size
    with file.open("rb") as stream:
        start = stream.read(len(POINTER))
        if start == POINTER:
            return "is a pointer of Git LFS and not the weights; fetch them with `git lfs pull`", b""
        if not start:
            return "is empty", b""
        if file.suffix != ".safetensors":
            return None, b""
        length = struct.unpack("<Q", start[:8])[0] if len(start) >= 8 else LONGEST_HEADER + 1
        if length > LONGEST_HEADER:
            return "is no safetensors file: it does not begin with the length of a header", b""
        if 8 + length > size:
            return f"is cut: its header takes {8 + length} bytes, the file has {size}", b""
        stream.seek(8)
        header = stream.read(length)
    try:
        ends = [tensor["data_offsets"][1] for name, tensor in json.loads(header).items() if name != "__metadata__"]
        whole = 8 + length + max(ends, default=0)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        return "is no safetensors file: its header is not that of one", b""
    if whole > size:
        return f"is cut: its header tells of {whole} bytes, the file has {size}", b""
    if whole < size:
        return f"is too long: its header tells of {whole} bytes, the file has {size}", b""
    return None, header
