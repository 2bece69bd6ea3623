"""Texts as rows are conditioned on: named by content, and encoded as transformers does."""

import hashlib

import numpy as np
import pytest
import torch

from safesweep.models.text import EditedText, TextEmbedding, named_by_content

TOKENS = torch.arange(6.0).reshape(2, 3)
POOLED = torch.arange(4.0)


def test_a_digest_is_that_of_the_numbers():
    assert TextEmbedding(TOKENS).digest() == hashlib.sha256(np.arange(6, dtype=np.float32).tobytes()).hexdigest()
    both = np.arange(6, dtype=np.float32).tobytes() + np.arange(4, dtype=np.float32).tobytes()
    assert TextEmbedding(TOKENS, POOLED).digest() == hashlib.sha256(both).hexdigest()
    assert TextEmbedding(TOKENS.bfloat16()).digest() != TextEmbedding(TOKENS).digest()


def test_edited_texts_are_equal_when_their_numbers_are():
    one, same, other = (TextEmbedding(tokens) for tokens in (TOKENS, TOKENS.clone(), TOKENS + 1))
    texts = [EditedText(made.digest(), made) for made in (one, same, other)]
    assert texts[0] == texts[1] and len(set(texts)) == 2
    assert texts[0] != texts[0].digest


@pytest.mark.parametrize(
    ("after", "unchanged"),
    [
        (TextEmbedding(TOKENS.clone(), POOLED), True),
        (TextEmbedding(TOKENS.clone(), POOLED.clone()), True),
        (TextEmbedding(TOKENS, POOLED + 1), False),
        (TextEmbedding(TOKENS, None), False),
        (TextEmbedding(TOKENS + 1, POOLED), False),
    ],
)
def test_an_edit_that_changed_nothing_gives_the_prompt_back(after, unchanged):
    made = named_by_content("a key", TextEmbedding(TOKENS, POOLED), after)
    assert made == ("a key" if unchanged else EditedText(after.digest(), after))


def test_an_encoder_pads_cuts_and_counts_as_the_tokenizer_does(model, pipe):
    [encoder] = model.encoders
    longest = pipe.tokenizer.model_max_length
    assert encoder.ids("a red circle").shape == encoder.ids("a red circle and " * 50).shape == (1, longest)
    assert encoder.length("a red circle") == len(pipe.tokenizer("a red circle").input_ids)
    assert encoder.length("a red circle and " * 50) == longest
    assert encoder.length("") == 2


def test_hidden_and_pooled_states_are_the_encoders_own(model, pipe):
    [encoder] = model.encoders
    ids = encoder.ids("a red circle")
    with torch.no_grad():
        wanted = pipe.text_encoder(ids)
    assert torch.equal(encoder.hidden(ids), wanted.last_hidden_state)
    assert torch.equal(encoder.pooled(ids), wanted.pooler_output)
    assert torch.equal(model.embed("a red circle").tokens, wanted.last_hidden_state[0])
