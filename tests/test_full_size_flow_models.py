"""Full-size flow-matching networks, laid out without memory, and what their presets ask of them: parameters, tokens, rows."""

import pytest
import torch

from pipelines.command_line import read_config
from safesweep.engine.work import count_work
from safesweep.models.flow import FlowModel
from safesweep.models.flux import Flux
from safesweep.models.qwen_image import QwenImage
from safesweep.models.sd3 import StableDiffusion3
from safesweep.models.z_image import ZImage
from tests.full_size_flow_models import flux, qwen_image, sd35_medium, z_image

NETWORKS = {
    "sd35-medium": (sd35_medium, StableDiffusion3, 2_243_171_520),
    "flux1-dev": (lambda: flux(True), Flux, 11_901_408_320),
    "flux1-schnell": (lambda: flux(False), Flux, 11_891_178_560),
    "qwen-image": (qwen_image, QwenImage, 20_430_401_088),
    "z-image": (z_image, ZImage, 6_154_908_736),
}
"""Preset -> its network, its family, the network's published number of parameters."""
TOKENS = {"sd35-medium": 4096, "flux1-dev": 4096, "flux1-schnell": 4096, "qwen-image": 83**2, "z-image": 4096}
ROWS = {  # a picture: none, static negative, dynamic negative with nothing found
    "sd35-medium": (2 * 40, 3 * 40, 2 * 40),
    "flux1-dev": (28, 3 * 28, 28),
    "flux1-schnell": (4, 3 * 4, 4),
    "qwen-image": (2 * 50, 3 * 50, 2 * 50),
    "z-image": (9, 3 * 9, 9),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_presets_network_has_the_published_size_and_its_picture_the_tokens(name):
    make, family, parameters = NETWORKS[name]
    with torch.device("meta"):
        network = make()
    assert sum(parameter.numel() for parameter in network.parameters()) == parameters
    config = read_config(["--preset", name])
    assert issubclass(family, FlowModel)
    assert family.tokens(network.config, 8, config.width, config.height) == TOKENS[name]
    assert config.width % family.SIDE == 0 and config.height % family.SIDE == 0


@pytest.mark.parametrize("name", NETWORKS)
def test_the_plan_counts_one_row_a_step_where_guidance_is_distilled(name):
    config = read_config(["--preset", name])
    cells = [cell.model_copy(update={"guidance_scale": config.guidance_scale}) for cell in config.expand_cells()]
    assert [cell.method for cell in cells] == ["none", "static_negative", "dynamic_negative"]
    counted = [count_work([cell], found=False) for cell in cells]
    assert tuple(work.rows for work in counted) == tuple(work.rows_alone for work in counted) == ROWS[name]
    assert [work.questions > 0 for work in counted] == [False, False, True]
    assert count_work(cells, found=False).rows < sum(work.rows for work in counted)
