"""The full-size configurations, laid out without memory: they have the published numbers of parameters."""

import pytest
import torch
from transformers import CLIPTextModel, CLIPTextModelWithProjection, T5Config, T5EncoderModel

from tests.full_size_models import (
    END,
    START,
    T5_VOCABULARY,
    VOCABULARY,
    fill,
    large_text_config,
    make_t5_tokenizer,
    make_tokenizer,
    make_vae,
    sd14_unet,
    sdxl_unet,
    t5_config,
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
        (lambda: T5EncoderModel(t5_config()), 4_762_310_656),
    ],
    ids=["sd14 unet", "sdxl unet", "vae", "text encoder", "second text encoder", "t5"],
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


def test_t5s_tokenizer_has_its_size_and_ends_a_text():
    tokenizer = make_t5_tokenizer()
    ids = tokenizer("a red circle").input_ids
    assert len(tokenizer) == T5_VOCABULARY
    assert ids[-1] == tokenizer.eos_token_id and tokenizer.unk_token_id not in ids


def test_random_weights_leave_nothing_unfilled_and_ties_tied():
    small = {**t5_config().to_dict(), "d_model": 8, "d_ff": 8, "num_layers": 1, "num_heads": 2, "d_kv": 4}
    made = fill(lambda: T5EncoderModel(T5Config(**small)), torch.bfloat16, torch.Generator().manual_seed(0))
    assert made.encoder.embed_tokens.weight is made.shared.weight
    assert all(torch.isfinite(value.float()).all() for value in made.state_dict().values())
