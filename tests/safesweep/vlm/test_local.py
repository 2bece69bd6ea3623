"""guidance/vlm on tiny random models of Qwen2.5-VL, LLaVA and SmolVLM with their own processors, and on the miniature's.

Reference: the library's own way for one conversation (``apply_chat_template`` with tokenisation, then ``generate``), and for the
probabilities one plain forward a word.
"""

import logging
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import AutoProcessor

from miniature import WEIGHTS
from miniature.drawing import draw
from miniature.world import COLOURS, GLYPHS, HAZARDS, Item, Scene
from safesweep.errors import InputError
from safesweep.types import Picture
from safesweep.vlm import Example, VisionLanguageModel
from safesweep.vlm.likelihood import answer_text
from safesweep.vlm.ranked import RankedAnswers
from safesweep.vlm.vocabulary import HarmVocabulary
from tests.safesweep.vlm.random_vlms import FAMILIES

QUESTION = "what unwanted content do you see: dagger, flame, skull?"
TERMS = ("dagger", "flame", "skull")
TOKENS = 8


def noise(height: int, width: int, seed: int) -> Picture:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


PICTURES = [noise(64, 64, 1), noise(48, 80, 2), noise(64, 64, 3)]
EXAMPLES = (Example(noise(56, 56, 4), "dagger, skull"), Example(noise(40, 70, 5), "nothing", "what do you see?"))


@pytest.fixture(scope="module", params=list(FAMILIES))
def family(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    model, processor = FAMILIES[request.param]()
    return model.eval(), processor


def conversation(picture: Picture, examples: tuple[Example, ...], answer: str | None = None) -> list[dict[str, Any]]:
    turns = []
    for shown, question, reply in (*((e.picture, e.question, e.answer) for e in examples), (picture, None, answer)):
        content = [{"type": "image", "image": Image.fromarray(shown)}, {"type": "text", "text": question or QUESTION}]
        turns.append({"role": "user", "content": content})
        if reply is not None:
            turns.append({"role": "assistant", "content": [{"type": "text", "text": reply}]})
    return turns


def encoded(processor: Any, turns: list[dict[str, Any]], prompt: bool = True) -> dict[str, torch.Tensor]:
    return dict(
        processor.apply_chat_template(
            turns, add_generation_prompt=prompt, tokenize=True, return_dict=True, return_tensors="pt"
        )
    )


@torch.no_grad()
def generated(model: Any, processor: Any, picture: Picture, examples: tuple[Example, ...] = ()) -> str:
    inputs = encoded(processor, conversation(picture, examples))
    made = model.generate(**inputs, do_sample=False, max_new_tokens=TOKENS)
    text: str = processor.tokenizer.decode(made[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
    return text.strip()


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


@pytest.mark.parametrize("examples", [(), EXAMPLES])
def test_ranking_in_one_forward_equals_one_forward_a_word(
    family: tuple[Any, Any], examples: tuple[Example, ...]
) -> None:
    model, processor = family
    vlm = VisionLanguageModel(model, processor, TOKENS, examples=examples)
    found = vlm.rank(PICTURES, QUESTION, TERMS, "nothing")
    for picture, probabilities in zip(PICTURES, found, strict=True):
        wanted = chain(Words(model, processor, picture, examples))
        assert list(probabilities) == list(TERMS)
        assert list(probabilities.values()) == pytest.approx(wanted, abs=2e-5)


class Words:
    """Log-probabilities of an answer's words, each by a plain forward of the whole text."""

    def __init__(self, model: Any, processor: Any, picture: Picture, examples: tuple[Example, ...]) -> None:
        self.model, self.tokenizer = model, processor.tokenizer
        self.inputs = encoded(processor, conversation(picture, examples))
        prompt = processor.apply_chat_template(conversation(picture, examples), add_generation_prompt=True)
        whole = processor.apply_chat_template(conversation(picture, examples, "dagger"))
        self.prefix = whole[len(prompt) :].split("dagger")[0]

    @torch.no_grad()
    def behind(self, tokens: list[int]) -> torch.Tensor:
        inputs = dict(self.inputs)
        added = torch.tensor([tokens], dtype=torch.long)
        inputs["input_ids"] = torch.cat([inputs["input_ids"], added], dim=1)
        for name, value in (("attention_mask", 1), ("mm_token_type_ids", 0)):
            if name in inputs:
                inputs[name] = torch.cat([inputs[name], torch.full_like(added, value)], dim=1)
        self.model.base_model.rope_deltas = None
        logits: torch.Tensor = self.model(**inputs).logits
        return logits[0, -len(tokens) - 1 :].float().log_softmax(dim=-1)

    def ids(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False).input_ids)

    def word(self, before: str, word: str) -> float:
        """log P(word | before), the word's own end included."""
        first, both = self.ids(before), self.ids(before + word)
        assert both[: len(first)] == first
        logp = self.behind(both)
        tokens = sum(float(logp[place, both[place]]) for place in range(len(first), len(both)))
        return tokens + float(logp[-1, [*self.stops]].logsumexp(0))

    @property
    def stops(self) -> set[int]:
        return {self.ids(self.prefix + "dagger" + sign)[-1] for sign in (",", ".")} | {self.tokenizer.eos_token_id}

    def end(self, before: str) -> float:
        stops = self.stops - {self.ids(self.prefix + "dagger,")[-1]}
        return float(self.behind(self.ids(before))[-1, [*stops]].logsumexp(0))


def chain(words: Words) -> list[float]:
    first = torch.tensor([words.word("", words.prefix + term) for term in (*TERMS, "nothing")]).softmax(0).tolist()
    named = first[:-1]
    for index, term in enumerate(TERMS[:-1]):
        before = words.prefix + term
        options = [words.word(before, ", " + later) for later in TERMS[index + 1 :]] + [words.end(before)]
        for offset, p in enumerate(torch.tensor(options).softmax(0).tolist()[:-1]):
            named[index + 1 + offset] += named[index] * p
    return named


def test_a_saved_model_loads_and_its_processor_obeys(family: tuple[Any, Any], tmp_path: Any) -> None:
    model, processor = family
    model.save_pretrained(tmp_path)
    processor.save_pretrained(tmp_path)
    loaded = VisionLanguageModel.load(str(tmp_path), max_new_tokens=TOKENS)
    wanted = [generated(model, AutoProcessor.from_pretrained(tmp_path), picture) for picture in PICTURES]
    assert loaded.answer(PICTURES, [QUESTION] * 3) == wanted


def test_pictures_reach_the_model_in_the_size_that_is_asked_for() -> None:
    model, processor = FAMILIES["qwen2.5-vl"]()
    grids: list[Any] = []
    model.model.visual.register_forward_hook(
        lambda _m, args, kwargs, _o: grids.append((kwargs.get("grid_thw", args[-1])).tolist()), with_kwargs=True
    )
    VisionLanguageModel(model, processor, 1).answer([PICTURES[1]], [QUESTION])
    VisionLanguageModel(model, processor, 1, picture_size=56).answer([PICTURES[1]], [QUESTION])
    assert grids == [[[1, 4, 6]], [[1, 4, 4]]]  # patches of 14 pixels, multiples of 28


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


def test_a_processor_without_a_chat_template_is_refused() -> None:
    model, processor = FAMILIES["llava"]()
    processor.chat_template = None
    with pytest.raises(InputError, match="LlavaProcessor has no chat template"):
        VisionLanguageModel(model, processor)


@pytest.fixture(scope="module")
def drawings() -> list[Picture]:
    """Pictures of no, one and two hazards among harmless things, some of them blurred as previews are."""
    rng = np.random.default_rng(7)
    pictures = []
    for index in range(60):
        glyphs = rng.permutation(HAZARDS if index % 3 == 0 else GLYPHS)[: 1 + index % 2]
        picture = draw(Scene(tuple(Item(str(g), str(rng.choice(list(COLOURS)))) for g in glyphs)), rng)
        if index % 4 == 0:
            small = Image.fromarray(picture).resize((24, 24), Image.Resampling.BOX)
            picture = np.asarray(small.resize((64, 64), Image.Resampling.BILINEAR))
        pictures.append(picture)
    return pictures


def test_score_and_generate_agree_on_the_miniature(drawings: list[Picture]) -> None:
    vocabulary = HarmVocabulary.from_yaml("miniature")
    vlm = VisionLanguageModel.load(str(WEIGHTS / "vlm"), max_new_tokens=12)
    questions = [vocabulary.question()] * len(drawings)
    written = [vocabulary.parse(answer) for answer in vlm.answer(drawings, questions)]
    ranked = [vocabulary.parse(answer) for answer in RankedAnswers(vlm).answer(drawings, questions)]
    agree = sum(a == b for a, b in zip(written, ranked, strict=True))
    assert len(set(written)) >= 5
    assert agree >= 0.95 * len(drawings)


def test_a_question_that_no_vocabulary_asks_cannot_be_ranked() -> None:
    vlm = VisionLanguageModel.load(str(WEIGHTS / "vlm"))
    with pytest.raises(InputError, match="no vocabulary asks 'what is this"):
        RankedAnswers(vlm).answer([noise(64, 64, 1)], ["what is this?"])
    with pytest.raises(InputError, match="0 terms"):
        vlm.rank([noise(64, 64, 1)], QUESTION, [], "nothing")


def test_a_ranked_answer_is_read_as_what_it_names() -> None:
    vocabulary = HarmVocabulary.from_yaml("miniature")
    for seen in ((), ("flame",), TERMS):
        answer = answer_text({term: 0.97 if term in seen else 0.49 for term in TERMS}, "nothing")
        assert vocabulary.parse(answer) == seen
    assert answer_text({"dagger": 1.0, "skull": 0.5}, "nothing") == "dagger (1.00), skull (0.50)"
