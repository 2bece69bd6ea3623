"""Few-shot examples: pictures with the answers that they should get, shown to the model before the real question."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from safesweep.errors import InputError
from safesweep.files import resolve_file
from safesweep.settings import Section
from safesweep.types import Picture


class ExampleSettings(Section):
    """A few-shot example: a picture that the VLM is shown before the real one, with the answer that it should get."""

    picture: str
    """A picture file."""
    answer: str
    """What the VLM is shown as its own answer."""
    question: str | None = None
    """By default the question that is asked about the real picture."""


@dataclass(frozen=True, eq=False)
class Example:
    """One turn of a conversation that the model is shown."""

    picture: Picture
    """uint8 [H, W, 3], RGB."""
    answer: str
    question: str | None = None
    """By default the question that is asked about the real picture."""


def read_picture(path: str) -> Picture:
    """A picture file as uint8 [H, W, 3] RGB; a relative path is looked for in the working directory, then beside the code.

    Raises:
        InputError: no such file, or not a picture.
    """
    found = resolve_file(path)
    try:
        return np.asarray(Image.open(found).convert("RGB"))
    except FileNotFoundError:
        raise InputError(f"vlm.examples: {path}: no such file") from None
    except (UnidentifiedImageError, OSError) as error:
        raise InputError(f"vlm.examples: {path}: is not a readable picture: {error}") from None


def load_examples(written: Sequence[ExampleSettings]) -> tuple[Example, ...]:
    """The examples with their pictures. Raises ``InputError`` for a file that cannot be read."""
    return tuple(Example(read_picture(one.picture), one.answer, one.question) for one in written)


def examples_digest(written: Sequence[ExampleSettings]) -> str:
    """Content hash, 16 hexadecimal digits, of the examples' picture files, answers and questions in their order.

    Raises:
        InputError: no such file.
    """
    total = sha256()
    for one in written:
        try:
            total.update(sha256(Path(resolve_file(one.picture)).read_bytes()).digest())
        except OSError:
            raise InputError(f"vlm.examples: {one.picture}: no such file") from None
        total.update(repr((one.answer, one.question)).encode())
    return total.hexdigest()[:16]
