"""How a question about a picture becomes a model's input: chat template, few-shot turns, picture sizes."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from PIL import Image

from safesweep.errors import InputError
from safesweep.tokenizing import tokenized
from safesweep.types import Picture
from safesweep.vlm.examples import Example

Inputs = dict[str, torch.Tensor]
PROBE = "zq"
"""A word that no template holds; where it stands in a rendered answer shows what surrounds answers."""


class Prompting:
    """A processor with its chat template, applied to questions that may follow few-shot examples.

    Raises ``InputError`` when the processor has no chat template.
    """

    def __init__(self, processor: Any, examples: Sequence[Example] = (), picture_size: int | None = None) -> None:
        self.processor, self._examples, self._picture_size = processor, tuple(examples), picture_size
        self.tokenizer = processor.tokenizer
        if not getattr(processor, "chat_template", None):
            raise InputError(
                f"the processor {type(processor).__name__} has no chat template; allowed: a model whose folder has "
                "chat_template.jinja"
            )
        self.tokenizer.padding_side = "left"
        if self.tokenizer.pad_token is None:
            self.tokenizer.pad_token = self.tokenizer.eos_token
        self.example_images = [self.image(example.picture) for example in self._examples]

    def image(self, picture: Picture) -> Image.Image:
        """The picture as the processor takes it, resized where a size is configured."""
        image = Image.fromarray(picture)
        if self._picture_size is not None:
            image = image.resize((self._picture_size, self._picture_size), Image.Resampling.BICUBIC)
        return image

    def text(self, question: str) -> str:
        """Examples and question, up to where the answer begins."""
        return self._render([*self._turns(question), _user(question)], add_generation_prompt=True)

    def prefix(self, question: str) -> str:
        """The part of ``text`` that is the same for every picture: the examples' turns. Empty where there are none, or where the
        template renders them differently when a question follows."""
        if not self._examples:
            return ""
        rendered = self._render(self._turns(question))
        return rendered if self.text(question).startswith(rendered) else ""

    def answer_prefix(self, question: str) -> str:
        """What stands between the end of ``text`` and the first letter of an answer: a blank, or nothing."""
        before = self.text(question)
        whole = self._render([*self._turns(question), _user(question), _assistant(PROBE)])
        if not whole.startswith(before):
            return ""
        between, found, _ = whole[len(before) :].partition(PROBE)
        return between if found and not between.strip() else ""

    def encode(self, text: str, images: Sequence[Sequence[Image.Image]], special: bool = True) -> Inputs:
        """Model inputs of one text with the pictures of each row; rows have one length, so nothing is padded.

        ``special``: let the tokenizer put its first token in front, unless the template wrote it already.
        """
        start = self.tokenizer.bos_token
        special = special and not (start and text.startswith(start))
        encoded: Mapping[str, torch.Tensor] = tokenized(
            self.processor,
            text=[text] * len(images),
            images=[list(row) for row in images],
            return_tensors="pt",
            add_special_tokens=special,
        )
        return dict(encoded)

    def tokens(self, text: str) -> list[int]:
        """Token ids of a piece of an answer."""
        return list(tokenized(self.tokenizer, text, add_special_tokens=False)["input_ids"])

    def _turns(self, question: str) -> list[dict[str, Any]]:
        turns = []
        for example in self._examples:
            turns += [_user(example.question or question), _assistant(example.answer)]
        return turns

    def _render(self, turns: list[dict[str, Any]], add_generation_prompt: bool = False) -> str:
        return str(self.processor.apply_chat_template(turns, add_generation_prompt=add_generation_prompt))


def _user(question: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": question}]}


def _assistant(answer: str) -> dict[str, Any]:
    return {"role": "assistant", "content": [{"type": "text", "text": answer}]}
