"""LPIPS: how different two pictures look, by a network's features weighed as people judged (Zhang et al. 2018), by torchmetrics."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from pydantic import PositiveInt
from torchmetrics.functional.image.lpips import _NoTrainLpips

from safesweep.errors import InputError
from safesweep.settings import Section
from safesweep.types import Picture

_SLICE = re.compile(r"^slices?\.?\d+\.")
"""torchmetrics cuts torchvision's features into slices and keeps their numbers: slice2.3.weight is features.3.weight."""
LookApart = Callable[[Sequence[Picture], Sequence[Picture]], list[float]]
"""Two lists of pictures of one size to their LPIPS, one a pair: 0 for equal ones."""


class LpipsSettings(Section):
    """Whose features. What papers print is mostly alex."""

    net: Literal["alex", "vgg", "squeeze"] = "alex"
    weights: Path
    """torchvision's ImageNet weights of that network (alexnet-owt-….pth, vgg16-….pth, …); LPIPS' own come with torchmetrics."""
    device: str = "cpu"
    batch_size: PositiveInt = 32

    @property
    def name(self) -> str:
        """Shown with every number."""
        return f"LPIPS {self.net}"


def load_lpips(settings: LpipsSettings) -> LookApart:
    """Loads the network. Raises ``InputError`` for a file that is not there, or holds other weights."""
    network = _NoTrainLpips(net=settings.net, pnet_rand=True)
    wanted = network.net.state_dict()
    if not settings.weights.is_file():
        raise InputError(
            f"lpips_weights: {settings.weights} is no file; allowed: torchvision's weights of {settings.net}"
        )
    try:
        found = torch.load(settings.weights, map_location="cpu", weights_only=True)
        taken = {name: found["features." + _SLICE.sub("", name)] for name in wanted}
        network.net.load_state_dict(taken)
    except Exception as error:  # a pickle can fail in any way
        raise InputError(
            f"lpips_weights: {settings.weights}: no weights of torchvision's {settings.net}: {error}"
        ) from error
    network.to(settings.device)

    @torch.inference_mode()
    def look(left: Sequence[Picture], right: Sequence[Picture]) -> list[float]:
        tensors = [
            torch.from_numpy(np.stack(side)).permute(0, 3, 1, 2).to(settings.device).float() / 255
            for side in (left, right)
        ]
        return [float(one) for one in network(*tensors, normalize=True).flatten().tolist()]

    return look
