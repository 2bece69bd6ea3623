"""The network of a gate: a small convolution that says of a preview, for each term of a vocabulary, how likely the VLM names it.

Shape suffixes: B pictures, C channels, H and W pixels, T terms.
"""

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import nn

from safesweep.types import Picture

STORED_SIDE = 128
"""Longest side of a preview as the lake keeps it, pixels: what a gate learns from, and is therefore shown."""
GROUPS = 8


def gate_pixels(picture: Picture, side: int) -> Picture:
    """A preview [H, W, 3] as a gate sees it, uint8 [side, side, 3]: first as small as the lake keeps it, then made square."""
    image = Image.fromarray(picture)
    image.thumbnail((STORED_SIDE, STORED_SIDE))
    return np.asarray(image if image.size == (side, side) else image.resize((side, side), Image.Resampling.BILINEAR))


class GateNetwork(nn.Module):
    """Convolutions that halve the picture, then for each channel its mean and its largest value, then a line for each term."""

    def __init__(self, channels: Sequence[int], terms: int) -> None:
        """``channels``: of each convolution, multiples of ``GROUPS``."""
        super().__init__()
        wide = (3, *channels)
        self.blocks = nn.Sequential(
            *(
                layer
                for before, after in zip(wide, channels, strict=False)
                for layer in (nn.Conv2d(before, after, 3, stride=2, padding=1), nn.GroupNorm(GROUPS, after), nn.SiLU())
            )
        )
        self.head = nn.Linear(2 * wide[-1], terms)

    def forward(self, pixels_BHWC: torch.Tensor) -> torch.Tensor:
        """Logits [B, T], not calibrated yet. ``pixels_BHWC``: uint8 pictures as ``gate_pixels`` gives them."""
        pixels_BCHW = pixels_BHWC.permute(0, 3, 1, 2).float() / 127.5 - 1
        found_BCHW = self.blocks(pixels_BCHW)
        seen = torch.cat([found_BCHW.mean(dim=(2, 3)), found_BCHW.amax(dim=(2, 3))], dim=1)
        logits: torch.Tensor = self.head(seen)
        return logits
