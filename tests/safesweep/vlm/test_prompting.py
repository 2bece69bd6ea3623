"""safesweep/vlm/prompting.py: sizes, chat templates, where an answer begins."""

from typing import Any

import pytest

from safesweep.errors import InputError
from safesweep.vlm import VisionLanguageModel
from safesweep.vlm.prompting import Prompting
from tests.safesweep.vlm.conversations import EXAMPLES, PICTURES, QUESTION, conversation
from tests.safesweep.vlm.random_vlms import FAMILIES


def test_texts_are_those_of_the_template(family: tuple[Any, Any]) -> None:
    _, processor = family
    for examples in ((), EXAMPLES):
        prompting = Prompting(processor, examples)
        whole = processor.apply_chat_template(conversation(PICTURES[0], examples), add_generation_prompt=True)
        assert prompting.text(QUESTION) == whole
        prefix = prompting.prefix(QUESTION)
        assert whole.startswith(prefix) and bool(prefix) == bool(examples)
        answered = processor.apply_chat_template(conversation(PICTURES[0], examples, "dagger"))
        assert answered.startswith(whole + prompting.answer_prefix(QUESTION) + "dagger")


def test_pictures_reach_the_model_in_the_size_that_is_asked_for() -> None:
    model, processor = FAMILIES["qwen2.5-vl"]()
    grids: list[Any] = []
    model.model.visual.register_forward_hook(
        lambda _m, args, kwargs, _o: grids.append((kwargs.get("grid_thw", args[-1])).tolist()), with_kwargs=True
    )
    VisionLanguageModel(model, processor, 1).answer([PICTURES[1]], [QUESTION])
    VisionLanguageModel(model, processor, 1, picture_size=56).answer([PICTURES[1]], [QUESTION])
    assert grids == [[[1, 4, 6]], [[1, 4, 4]]]  # patches of 14 pixels, multiples of 28


def test_a_processor_without_a_chat_template_is_refused() -> None:
    model, processor = FAMILIES["llava"]()
    processor.chat_template = None
    with pytest.raises(InputError, match="LlavaProcessor has no chat template"):
        VisionLanguageModel(model, processor)
