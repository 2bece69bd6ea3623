"""The full-size configurations, laid out without memory: they have the published numbers of parameters."""

import pytest
import torch
from transformers import CLIPTextModel, CLIPTextModelWithProjection

from tests.full_size_models import (
    END,
    START,
    VOCABULARY,
    large_text_config,
    make_tokenizer,
    make_vae,
    sd14_unet,
    sdxl_unet,
    text_config,
)


@pytest.mark.parametrize(
    ("make", "parameters"),
    [
        (sd14_unet, 859_520_964),
        (sdxl_unet, 2_567_463_684),
        (lambda: make_vae(0.18215, 512), 83_653_863),
        (lambda: CLIPTextModel(text_config()), 123_060_480),
        (lambda: CLIPTextModelWithProjection(large_text_config()), 694_659_840),
    ],
    ids=["sd14 unet", "sdxl unet", "vae", "text encoder", "second text encoder"],
)
def test_a_component_has_the_published_number_of_parameters(make, parameters):
    with torch.device("meta"):
        assert sum(parameter.numel() for parameter in make().parameters()) == parameters


def test_the_tokenizer_has_clips_size_and_marks():
    tokenizer = make_tokenizer()
    ids = tokenizer("a red circle", padding="max_length").input_ids
    assert len(tokenizer) == VOCABULARY and len(ids) == 77
    assert ids[0] == START and ids[-1] == END and max(ids) < VOCABULARY
    assert make_tokenizer(pad="!")("a", padding="max_length").input_ids[-1] < START
