"""The loss curve."""

import numpy as np
import pytest
from PIL import Image

from safesweep.guidance.discovery import Update
from safesweep.guidance.loss_curve import draw_losses, running_mean


def test_the_running_mean_is_of_the_latest_twentieth():
    values = np.random.default_rng(0).random(100).tolist()
    slow = [np.mean(values[max(0, place - 4) : place + 1]) for place in range(100)]
    assert running_mean(values) == pytest.approx(slow)
    assert running_mean([3.0]) == [3.0]


@pytest.mark.parametrize("harmless", [0.0, 0.5])
def test_the_curve_is_a_picture_that_shows_the_losses(harmless, tmp_path):
    falling = [Update(0, step, 1.0 / (1 + step), harmless / (1 + step)) for step in range(200)]
    flat = [Update(0, step, 1.0, harmless) for step in range(200)]
    for name, updates in (("falling", falling), ("flat", flat)):
        draw_losses(updates, tmp_path / f"{name}.png", name)
    one, other = (np.asarray(Image.open(tmp_path / f"{name}.png").convert("RGB")) for name in ("falling", "flat"))
    assert one.shape == other.shape and (one != other).any()
    orange = (one[..., 0] > 200) & (one[..., 1] > 90) & (one[..., 1] < 180) & (one[..., 2] < 90)
    assert orange.any() == (harmless > 0)
