"""What every family has: a cache of text embeddings, and predictions in float32."""

import torch

import safesweep.models.base
from safesweep.models.text import EditedText, TextEmbedding


def test_embeddings_are_kept_up_to_a_bound_and_made_again_the_same(model, monkeypatch):
    monkeypatch.setattr(safesweep.models.base, "KEPT_TEXTS", 2)
    monkeypatch.setattr(model, "_embeddings", type(model._embeddings)())
    first = model.embed("a red circle")
    assert model.embed("a red circle") is first
    model.embed("a blue key")
    model.embed("a red circle")
    model.embed("a green leaf")
    assert list(model._embeddings) == ["a red circle", "a green leaf"]
    model.embed("a black cup")
    again = model.embed("a red circle")
    assert again is not first and torch.equal(again.tokens, first.tokens)


def test_an_edited_text_is_its_own_embedding_and_takes_no_place(model, monkeypatch):
    monkeypatch.setattr(model, "_embeddings", type(model._embeddings)())
    made = TextEmbedding(torch.ones(2, 3))
    assert model.embed(EditedText(made.digest(), made)) is made and not model._embeddings


def test_predictions_come_in_float32_without_gradients(model):
    latents = model.initial_noise(0, 64, 64)[None]
    text = [model.embed("a red circle")]
    noise = model.noise(latents, torch.tensor([500]), text)
    assert noise.dtype == torch.float32 and noise.is_contiguous() and not noise.requires_grad
    predicted = model.predict(latents, torch.tensor([500]), text)
    assert predicted.requires_grad and torch.equal(predicted.detach(), noise)
