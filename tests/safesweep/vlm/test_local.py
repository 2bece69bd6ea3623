"""safesweep/vlm/local.py on tiny random models of Qwen2.5-VL, LLaVA and SmolVLM with their own processors.

Reference: the library's own way for one conversation.
"""

from typing import Any

import pytest
from transformers import AutoProcessor

from miniature import WEIGHTS
from safesweep.vlm import VisionLanguageModel
from safesweep.vlm.reading import read_reply
from safesweep.vlm.reply import Reply
from safesweep.vlm.vocabulary import HarmVocabulary
from tests.safesweep.vlm.conversations import EXAMPLES, PICTURES, QUESTION, TOKENS, conversation, encoded, generated
from tests.safesweep.vlm.random_vlms import FAMILIES


def test_answers_are_those_of_the_library_one_at_a_time(family: tuple[Any, Any]) -> None:
    model, processor = family
    wanted = [generated(model, processor, picture) for picture in PICTURES]
    assert len(set(wanted)) == len(PICTURES)
    assert VisionLanguageModel(model, processor, TOKENS).answer(PICTURES, [QUESTION] * 3) == wanted


@pytest.mark.parametrize("reuse", [True, False])
def test_answers_after_examples_are_those_of_the_library(family: tuple[Any, Any], reuse: bool) -> None:
    model, processor = family
    vlm = VisionLanguageModel(model, processor, TOKENS, examples=EXAMPLES, reuse_prefix=reuse)
    wanted = [generated(model, processor, picture, EXAMPLES) for picture in PICTURES]
    assert vlm.answer(PICTURES, [QUESTION] * 3) == wanted
    assert vlm.reuses_prefix is reuse
    assert wanted != [generated(model, processor, picture) for picture in PICTURES]


def test_a_saved_model_loads_and_its_processor_obeys(family: tuple[Any, Any], tmp_path: Any) -> None:
    model, processor = family
    model.save_pretrained(tmp_path)
    processor.save_pretrained(tmp_path)
    loaded = VisionLanguageModel.load(str(tmp_path), max_new_tokens=TOKENS)
    wanted = [generated(model, AutoProcessor.from_pretrained(tmp_path), picture) for picture in PICTURES]
    assert loaded.answer(PICTURES, [QUESTION] * 3) == wanted


def test_options_of_the_processor(tmp_path: Any) -> None:
    model, processor = FAMILIES["smolvlm"]()
    model.save_pretrained(tmp_path)
    processor.save_pretrained(tmp_path)
    parts: list[int] = []
    for options in ({}, {"do_image_splitting": False}):
        vlm = VisionLanguageModel.load(str(tmp_path), max_new_tokens=1, processor_options=options)
        vlm._model.model.vision_model.register_forward_hook(
            lambda _m, args, kwargs, _o: parts.append(len(kwargs.get("pixel_values", args[0] if args else None))),
            with_kwargs=True,
        )
        vlm.answer(PICTURES[:1], [QUESTION])
    assert parts == [5, 1]


def test_answers_say_how_they_ended(family: tuple[Any, Any]) -> None:
    model, processor = family
    [cut] = VisionLanguageModel(model, processor, TOKENS).answer(PICTURES[:1], [QUESTION])
    assert isinstance(cut, Reply) and (cut.finish_reason, cut.completion_tokens) == ("length", TOKENS)
    assert cut.prompt_tokens == encoded(processor, conversation(PICTURES[0], ()))["input_ids"].shape[1]


def test_the_miniatures_answers_end_by_themselves() -> None:
    vlm = VisionLanguageModel.load(str(WEIGHTS / "vlm"), max_new_tokens=12)
    for answer in vlm.answer(PICTURES, [HarmVocabulary.from_yaml("miniature").question()] * 3):
        assert answer.finish_reason == "stop" and 1 < answer.completion_tokens < 12
        assert read_reply(answer) == answer


def test_a_thought_between_special_tokens_does_not_read_as_the_answer() -> None:
    model, processor = FAMILIES["qwen2.5-vl"]()
    tokenizer = processor.tokenizer
    tokenizer.add_special_tokens({"extra_special_tokens": ["[THINK]", "[/THINK]"]})
    vlm = VisionLanguageModel(model, processor, TOKENS)
    written = tokenizer("[THINK]dagger[/THINK]skull<|im_end|><|im_end|>", add_special_tokens=False)["input_ids"]
    reply = vlm._reply(written, 7)
    assert reply == "[THINK]dagger[/THINK]skull" and (reply.finish_reason, reply.completion_tokens) == (
        "stop",
        len(written) - 1,
    )
    assert read_reply(reply) == "skull"
