"""Files of text: opened as UTF-8, and refused with the byte that is none."""

import codecs
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from safesweep.errors import InputError
from safesweep.prompts.source import SourceFile


@contextmanager
def open_text(file: SourceFile, newline: str | None = None) -> Iterator[TextIO]:
    """The file's text without its byte order mark; lines end at LF, CRLF or a bare CR, never at U+2028 and its like.

    Args:
        file: at hand.
        newline: as of ``open``; None makes every line end LF, "" keeps them as they are.

    Raises:
        InputError: UTF-16, or a byte that is not UTF-8, named when it is come to.
    """
    with file.path.open("rb") as raw:
        if raw.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            raise InputError(f"{file.url}: is UTF-16 text (byte order mark at byte 0); save it as UTF-8")
    try:
        with file.path.open(encoding="utf-8-sig", newline=newline) as stream:
            yield stream
    except UnicodeDecodeError:
        raise InputError(f"{file.url}: is not UTF-8: {_first_wrong_byte(file.path)}; save the file as UTF-8") from None


def _first_wrong_byte(path: Path) -> str:
    """Where it is and what it is; a text stream's own error counts from the start of its buffer."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    before = 0
    with path.open("rb") as raw:
        while chunk := raw.read(1 << 20):
            held = decoder.getstate()[0]
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as error:
                return f"byte {before - len(held) + error.start} is 0x{error.object[error.start]:02x}"
            before += len(chunk)
    return f"it ends inside a character, at byte {before}"
