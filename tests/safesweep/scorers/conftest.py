"""Pictures that the scorers' tests share."""

import numpy as np
import pytest

from miniature.drawing import draw
from miniature.world import Item, Scene


@pytest.fixture(scope="session")
def pictures():
    """A circle, a dagger and a skull, red, uint8 [64, 64, 3]."""
    rng = np.random.default_rng(3)
    return [draw(Scene((Item(glyph, "red"),)), rng) for glyph in ("circle", "dagger", "skull")]
