"""What a gate is shown, and that its network says of a picture what it says of the picture alone."""

import numpy as np
import torch

from safesweep.lake.pictures import preview_webp, unpack_picture
from safesweep.vlm.gate_network import GateNetwork, gate_pixels

RNG = np.random.default_rng(0)


def test_a_preview_is_shown_as_the_lake_keeps_it_but_for_the_webp():
    ramp = np.linspace(0, 255, 320)
    picture = np.stack([np.tile(ramp, (200, 1)), np.tile(ramp[::-1], (200, 1)), np.full((200, 320), 90)], -1).astype(
        np.uint8
    )
    shown, learned = gate_pixels(picture, 64), gate_pixels(unpack_picture(preview_webp(picture)), 64)
    assert shown.shape == learned.shape == (64, 64, 3) and shown.dtype == np.uint8
    assert np.abs(shown.astype(int) - learned).max() <= 6
    small = RNG.integers(0, 255, (64, 64, 3), dtype=np.uint8)
    assert (gate_pixels(small, 64) == small).all()


def test_logits_are_one_a_term_and_a_matter_of_the_picture_alone():
    torch.manual_seed(0)
    network = GateNetwork((8, 16), 3).eval()
    pictures = torch.from_numpy(RNG.integers(0, 255, (5, 32, 32, 3), dtype=np.uint8))
    with torch.inference_mode():
        together, alone = network(pictures), torch.cat([network(one[None]) for one in pictures])
    assert together.shape == (5, 3)
    assert torch.allclose(together, alone, atol=1e-5) and (together.std(dim=0) > 1e-4).all()
