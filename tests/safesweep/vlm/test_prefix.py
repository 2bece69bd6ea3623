"""safesweep/vlm/prefix.py as a model uses it: the examples' turns are encoded once, where that changes no answer."""

import logging
from typing import Any

import pytest
import torch

from safesweep.vlm import VisionLanguageModel
from tests.safesweep.vlm.conversations import EXAMPLES, PICTURES, QUESTION, TOKENS, conversation, encoded, generated


def test_the_examples_pass_through_the_model_once(family: tuple[Any, Any]) -> None:
    model, processor = family
    vlm = VisionLanguageModel(model, processor, TOKENS, examples=EXAMPLES)
    vlm.answer(PICTURES[:1], [QUESTION])
    rows: list[int] = []
    hook = model.get_input_embeddings().register_forward_hook(lambda _m, args, _o: rows.append(args[0].numel()))
    vlm.answer(PICTURES, [QUESTION] * 3)
    hook.remove()
    whole = encoded(processor, conversation(PICTURES[0], EXAMPLES))["input_ids"].shape[1]
    alone = encoded(processor, conversation(PICTURES[0], ()))["input_ids"].shape[1]
    assert sum(rows) < 3 * (alone + 40 + TOKENS) < 3 * whole


def test_a_prefix_that_would_change_answers_is_not_kept(
    family: tuple[Any, Any], caplog: pytest.LogCaptureFixture
) -> None:
    model, processor = family
    vlm = VisionLanguageModel(model, processor, TOKENS, examples=EXAMPLES)
    with torch.inference_mode():
        for layer in vlm._prefix(vlm._prompting.prefix(QUESTION)).cache.layers:
            layer.values.mul_(2)
    with caplog.at_level(logging.WARNING):
        answers = vlm.answer(PICTURES[:1], [QUESTION])
    assert "encoded with every question" in caplog.text and not vlm.reuses_prefix
    assert answers == [generated(model, processor, PICTURES[0], EXAMPLES)]
