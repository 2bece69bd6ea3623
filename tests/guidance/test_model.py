"""The diffusion model's cache of text embeddings."""

import torch

import guidance.model


def test_embeddings_are_kept_up_to_a_bound_and_made_again_the_same(model, monkeypatch):
    monkeypatch.setattr(guidance.model, "KEPT_TEXTS", 2)
    monkeypatch.setattr(model, "_embeddings", type(model._embeddings)())
    first = model.embed("a red circle")
    assert model.embed("a red circle") is first
    model.embed("a blue key")
    model.embed("a red circle")
    model.embed("a green leaf")
    assert list(model._embeddings) == ["a red circle", "a green leaf"]
    model.embed("a black cup")
    again = model.embed("a red circle")
    assert again is not first and torch.equal(again, first)
