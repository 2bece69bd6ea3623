"""How a gate is learned: settings alone, read without waiting for torch."""

from typing import Annotated

from pydantic import Field, PositiveFloat, PositiveInt

from safesweep.settings import Section


class GateRecipe(Section):
    """Numbers of the network, its training and the split."""

    side: int = Field(default=64, ge=16, le=128, multiple_of=16)
    """Side of the square that previews are made to, pixels; the lake keeps 128 at most."""
    channels: tuple[Annotated[int, Field(gt=0, le=1024, multiple_of=8)], ...] = Field(
        default=(16, 32, 64, 64), min_length=1, max_length=6
    )
    """Of the convolutions, each of which halves the picture; multiples of 8."""
    epochs: PositiveInt = 40
    """Rounds over the training prompts' previews; the one that suits the calibration prompts best counts."""
    batch: PositiveInt = 64
    """Previews a step."""
    learning_rate: PositiveFloat = 3e-3
    """AdamW's highest, of one cycle."""
    weight_decay: float = Field(default=1e-2, ge=0)
    """AdamW's."""
    shift: int = Field(default=4, ge=0, le=16)
    """Previews are moved by up to so many pixels, and mirrored, from round to round."""
    seed: int = Field(default=0, ge=0)
    """Of the split, the first weights and the order of training."""
    train: float = Field(default=0.6, gt=0, lt=1)
    """Share of the prompts' texts that are learned from."""
    calibration: float = Field(default=0.2, gt=0, lt=1)
    """Share that the temperatures are fitted on; what is left is held out, and the model card's numbers are from there."""
    most_previews: PositiveInt = 100_000
    """Of more, so many are drawn: memory holds side × side × 3 bytes of each."""
