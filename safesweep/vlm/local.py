"""Any ``AutoModelForImageTextToText`` with its processor and chat template (Qwen2.5-VL, LLaVA, SmolVLM, …)."""

import logging
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import torch
from transformers import AutoModelForImageTextToText, AutoProcessor

from safesweep.dtypes import DTYPES
from safesweep.libraries import quiet_libraries
from safesweep.types import Picture
from safesweep.vlm.examples import Example
from safesweep.vlm.likelihood import Form, likelihoods
from safesweep.vlm.prefix import Prefix, encode, encode_prefix, go_on, join
from safesweep.vlm.processor_options import check_processor_options
from safesweep.vlm.prompting import Inputs, Prompting
from safesweep.vlm.questions import Choice
from safesweep.vlm.reading import THOUGHTS
from safesweep.vlm.reply import Reply
from safesweep.vlm.weighing import Answers, weigh

log = logging.getLogger(__name__)

KEPT_PREFIXES = 4
"""Encoded prefixes kept; there is one a question."""
TOLERANCE = {torch.float32: 1e-3, torch.bfloat16: 0.1, torch.float16: 0.02}
"""How far logits behind a kept prefix may be from those of the whole prompt, in standard deviations of the logits."""


class VisionLanguageModel:
    """Answers questions about pictures, greedily; not for several threads at once.

    A batch is split into groups of one picture size and one question, so no row is padded and an answer does not depend on what
    else was asked. With examples, their turns are encoded once where the model gives the same logits that way, which the first
    batch checks.
    """

    def __init__(
        self,
        model: Any,
        processor: Any,
        max_new_tokens: int = 64,
        picture_size: int | None = None,
        examples: Sequence[Example] = (),
        reuse_prefix: bool = True,
    ) -> None:
        self._model, self._max_new_tokens = model.eval(), max_new_tokens
        self._prompting = Prompting(processor, examples, picture_size)
        self._reuse, self._checked = reuse_prefix and bool(examples), False
        self._prefixes: OrderedDict[str, Prefix] = OrderedDict()

    @classmethod
    def load(
        cls,
        path: str,
        device: str = "cpu",
        dtype: str = "float32",
        revision: str | None = None,
        max_new_tokens: int = 64,
        picture_size: int | None = None,
        examples: Sequence[Example] = (),
        reuse_prefix: bool = True,
        processor_options: Mapping[str, Any] | None = None,
    ) -> "VisionLanguageModel":
        """From a local folder or a hub id. Raises ``OSError`` when it is not such a model, ``InputError`` without a chat template.

        ``processor_options``: what the processor should do differently from its config, e.g. ``{"max_pixels": 200704}``.
        """
        quiet_libraries()
        model = AutoModelForImageTextToText.from_pretrained(
            path, dtype=DTYPES[dtype], revision=revision, trust_remote_code=False
        ).to(device)
        processor = AutoProcessor.from_pretrained(
            path, revision=revision, trust_remote_code=False, **check_processor_options(dict(processor_options or {}))
        )
        return cls(model, processor, max_new_tokens, picture_size, examples, reuse_prefix)

    @property
    def reuses_prefix(self) -> bool:
        """Whether the examples' turns are encoded only once; known after the first batch."""
        return self._reuse and self._checked

    def check(self, question: str) -> None:
        """Any question can be asked. Raises ``InputError`` for a choice that is none."""
        if isinstance(question, Choice):
            Answers.make(self._prompting, question, question.answers)

    @torch.inference_mode()
    def answer(self, pictures: Sequence[Picture], questions: Sequence[str]) -> list[str]:
        """One ``Reply`` a (picture, question): greedy, at most ``max_new_tokens`` tokens, special tokens (but for those that mark thoughts)
        and outer blanks removed; of a ``Choice`` the likeliest of its answers, with the weights of all.

        ``pictures``: uint8 [H, W, 3] RGB each. Raises ``InputError`` for a choice that is none.
        """
        answers: dict[int, Reply] = {}
        for members in _groups(pictures, questions):
            question = questions[members[0]]
            give = self._weigh if isinstance(question, Choice) else self._generate
            written = give([pictures[index] for index in members], question)
            answers.update(zip(members, written, strict=True))
        return [answers[index] for index in range(len(pictures))]

    @torch.inference_mode()
    def rank(
        self, pictures: Sequence[Picture], question: str, terms: Sequence[str], nothing: str
    ) -> list[dict[str, float]]:
        """Term -> probability, one dict a picture, that an answer of the form "a, b" (or ``nothing``) to ``question`` names the term.

        One forward for each picture size; nothing is decoded. ``likelihood.likelihoods`` says how.
        """
        form = Form.make(self._prompting, question, terms, nothing, self._ends())
        found: dict[int, dict[str, float]] = {}
        for members in _groups(pictures, [question] * len(pictures)):
            prefix, inputs = self._inputs([pictures[index] for index in members], question)
            found.update(zip(members, likelihoods(self._model, prefix, inputs, form), strict=True))
        return [found[index] for index in range(len(pictures))]

    def _weigh(self, pictures: Sequence[Picture], question: str) -> list[Reply]:
        answers = Answers.make(self._prompting, question, Choice.of(question))
        prefix, inputs = self._inputs(pictures, question)
        found = weigh(self._model, prefix, inputs, answers)
        tokens = inputs["input_ids"].shape[1] + (prefix.length if prefix else 0)
        return [
            Reply(max(one, key=one.__getitem__), prompt_tokens=tokens, completion_tokens=0, weights=one)
            for one in found
        ]

    def _generate(self, pictures: Sequence[Picture], question: str) -> list[Reply]:
        prefix, inputs = self._inputs(pictures, question)
        options: dict[str, Any] = {"do_sample": False, "max_new_tokens": self._max_new_tokens}
        if prefix is None:
            asked = inputs["input_ids"]
            made = self._model.generate(**inputs, **options)
        else:
            row = join(self._model, prefix, inputs)
            asked = row.ids
            # the last token of the question is left to `generate`, which then decodes as it always does
            cache, _ = go_on(self._model, prefix, row, asked.shape[1] - 1)
            mask = torch.ones_like(asked)
            made = self._model.generate(input_ids=asked, attention_mask=mask, past_key_values=cache, **options)
        return [self._reply(written, asked.shape[1]) for written in made[:, asked.shape[1] :].tolist()]

    def _reply(self, written: list[int], prompt_tokens: int) -> Reply:
        """``written``: a row of tokens, padded behind its end."""
        ends = self._ends()
        end = next((place for place, token in enumerate(written) if token in ends), None)
        decode, text, start = self._prompting.tokenizer.decode, "", 0
        for place, token in enumerate(written):
            if token in self._thought_marks:
                text += decode(written[start:place], skip_special_tokens=True) + self._thought_marks[token]
                start = place + 1
        text += decode(written[start:], skip_special_tokens=True)
        return Reply(
            text.strip(),
            finish_reason="length" if end is None else "stop",
            prompt_tokens=prompt_tokens,
            completion_tokens=len(written) if end is None else end + 1,
        )

    @cached_property
    def _thought_marks(self) -> dict[int, str]:
        """Special tokens that mark thoughts: were they left out, a thought would read as the answer."""
        marks = {mark.casefold() for pair in THOUGHTS for mark in pair}
        added = self._prompting.tokenizer.added_tokens_decoder
        return {
            number: str(token) for number, token in added.items() if token.special and str(token).casefold() in marks
        }

    def _inputs(self, pictures: Sequence[Picture], question: str) -> tuple[Prefix | None, Inputs]:
        """An encoded prefix with the inputs that follow it, or no prefix and the inputs of the whole prompt."""
        images = [self._prompting.image(picture) for picture in pictures]
        text, prefix_text = self._prompting.text(question), self._prompting.prefix(question) if self._reuse else ""
        if prefix_text:
            prefix = self._prefix(prefix_text)
            rest = self._encode(text[len(prefix_text) :], [[image] for image in images], special=False)
            if not self._checked:
                one = {key: value[: len(value) // len(images)] for key, value in rest.items()}
                self._check_prefix(prefix, one, self._whole(text, images[:1]))
            if self._reuse:
                return prefix, rest
        return None, self._whole(text, images)

    def _whole(self, text: str, images: Sequence[Any]) -> Inputs:
        return self._encode(text, [[*self._prompting.example_images, image] for image in images])

    def _encode(self, text: str, images: Sequence[Sequence[Any]], special: bool = True) -> Inputs:
        encoded = self._prompting.encode(text, images, special)
        return {
            key: value.to(self._model.device, self._model.dtype if value.is_floating_point() else value.dtype)
            for key, value in encoded.items()
        }

    def _prefix(self, text: str) -> Prefix:
        if text not in self._prefixes:
            inputs = self._encode(text, [self._prompting.example_images])
            self._prefixes[text] = encode_prefix(self._model, inputs)
            if len(self._prefixes) > KEPT_PREFIXES:
                self._prefixes.popitem(last=False)
        self._prefixes.move_to_end(text)
        return self._prefixes[text]

    def _check_prefix(self, prefix: Prefix, rest: Inputs, whole: Inputs) -> None:
        """Turns reuse off where it would change answers: other tokens, or other logits (pictures that see what follows them, …)."""
        self._checked = True
        row = join(self._model, prefix, rest)
        why = "its tokens differ"
        if torch.equal(row.ids, whole["input_ids"]):
            _, hidden = go_on(self._model, prefix, row, row.ids.shape[1])
            wanted, _ = encode(self._model, **whole, use_cache=False)
            head = self._model.get_output_embeddings()
            logits, expected = head(hidden[:, -1]).float(), head(wanted[:, -1]).float()
            apart = float((logits - expected).abs().max() / expected.std())
            why = f"its logits differ by {apart:.2g} standard deviations"
            if apart <= TOLERANCE[self._model.dtype]:
                return
        log.warning(
            "%s: the examples are encoded with every question: behind a kept prefix %s", type(self._model).__name__, why
        )
        self._reuse = False
        self._prefixes.clear()

    def _ends(self) -> tuple[int, ...]:
        ends = self._model.generation_config.eos_token_id
        if ends is None:
            ends = self._prompting.tokenizer.eos_token_id
        return tuple(ends) if isinstance(ends, list | tuple) else (int(ends),)


def _groups(pictures: Sequence[Picture], questions: Sequence[str]) -> list[list[int]]:
    """Places of the pairs that have one picture size and one question, with the answers that it offers."""
    groups: dict[tuple[object, str, tuple[str, ...]], list[int]] = {}
    for index, (picture, question) in enumerate(zip(pictures, questions, strict=True)):
        groups.setdefault((picture.shape, question, Choice.of(question)), []).append(index)
    return list(groups.values())
