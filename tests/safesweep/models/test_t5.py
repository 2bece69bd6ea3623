"""T5 as a text encoder: padded to its length, cut at it, and its padding encoded like any other token."""

import torch

from safesweep.models.t5 import T5Encoder
from tests.random_flow_models import T5_WIDTH, random_flux


@torch.inference_mode()
def test_a_text_is_padded_and_cut_to_the_length():
    pipe = random_flux()
    encoder = T5Encoder(pipe.tokenizer_2, pipe.text_encoder_2, pipe.device, 16)
    long = "a red circle and a blue key and a green leaf"
    for text in ("a", long):
        ids = pipe.tokenizer_2(text).input_ids
        padded = (ids if len(ids) <= 16 else [*ids[:15], ids[-1]]) + [0] * (16 - len(ids))
        assert torch.equal(encoder.encode(text), pipe.text_encoder_2(torch.tensor([padded]))[0][0])
    assert encoder.encode("a").shape == (16, T5_WIDTH)
