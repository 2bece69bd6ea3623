"""The nouns that every room speaks: a prompt and a picture."""

from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
"""[H, W, 3], RGB."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One row of a prompt set."""

    text: str
    """The prompt exactly as the file has it, blanks at its ends included."""
    seed: int
    """Seed of the initial noise, 0 … 2**63 - 1."""
    guidance_scale: float | None
    """The row's own guidance scale g; None: the run's default."""
    width: int | None
    """Pixels; None: the run's default."""
    height: int | None
    """Pixels; None: the run's default."""
    prompt_id: str
    """The file's own id (zeros in front kept), or else the row number. A file may repeat an id."""
    row: int
    """Data row in the file, counted from 0; header and blank lines of a CSV do not count."""
    categories: tuple[str, ...]
    prompt_set: str
    """Name of the set, by default the file's name without its ending."""
    source: str
    """File name without its folder."""
    source_sha256: str
    """SHA-256 of the file's bytes, 64 hex digits."""

    @property
    def text_hash(self) -> str:
        """SHA-256 of the UTF-8 text, 64 hex digits: equal texts are one cluster in every statistic."""
        return sha256(self.text.encode()).hexdigest()
