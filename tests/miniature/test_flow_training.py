"""The flow model's training: the noise levels that it draws, the line that it trains on, and what sampling sees of it."""

import numpy as np
import torch

from miniature.training.data import Drawings
from miniature.training.diffusion import BATCH
from miniature.training.flow import SHIFT, draw_levels, train_flow
from miniature.training.models import FLOW_TEXT_WIDTHS, make_flow_pipeline, make_vae
from miniature.world import LABELS
from safesweep.models.sd3 import StableDiffusion3


def test_levels_are_shifted_logit_normal_and_a_share_of_them_is_noise():
    levels = torch.cat([draw_levels(torch.Generator().manual_seed(seed)) for seed in range(200)])
    drawn = levels[levels < 1]
    assert len(levels) == 200 * BATCH and 0.05 < 1 - len(drawn) / len(levels) < 0.08
    unshifted = drawn / (SHIFT - (SHIFT - 1) * drawn)
    normal = torch.logit(unshifted.double())
    assert abs(float(normal.mean())) < 0.05 and abs(float(normal.std()) - 1) < 0.05


def test_a_network_learns_one_picture_and_sampling_makes_it(tmp_path):
    torch.manual_seed(0)
    pipe = make_flow_pipeline(make_vae())
    rng = np.random.default_rng(0)
    pictures = np.repeat(rng.integers(0, 255, (1, 64, 64, 3), dtype=np.uint8), 4, axis=0)
    labels = np.zeros((4, len(LABELS)), np.float32)
    drawings = Drawings(pictures, labels, ["a red circle"] * 4, ["benign"] * 4)
    train_flow(pipe, drawings, tmp_path, 8, name="flow", learning_rate=3e-3)
    pipe.set_progress_bar_config(disable=True)
    model = StableDiffusion3(pipe, text_tokens=0)
    clean = pipe.vae.encode(drawings.batch(np.arange(1))).latents * pipe.vae.config.scaling_factor
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(1))
    text = model.embed("a red circle")
    assert text.tokens.shape == (24, sum(FLOW_TEXT_WIDTHS))
    predicted = model.noise(0.3 * clean + 0.7 * noise, torch.tensor([700.0]), [text])
    assert (predicted - (noise - clean)).square().mean() < 0.9 * (noise - clean).square().mean()
