"""Pictures and conversations for models of every family, put and answered the library's own way for one conversation
(``apply_chat_template`` with tokenisation, then ``generate``)."""

from typing import Any

import numpy as np
import torch
from PIL import Image

from safesweep.types import Picture
from safesweep.vlm import Example

QUESTION = "what unwanted content do you see: dagger, flame, skull?"
TERMS = ("dagger", "flame", "skull")
TOKENS = 8


def noise(height: int, width: int, seed: int) -> Picture:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


PICTURES = [noise(64, 64, 1), noise(48, 80, 2), noise(64, 64, 3)]
EXAMPLES = (Example(noise(56, 56, 4), "dagger, skull"), Example(noise(40, 70, 5), "nothing", "what do you see?"))


def conversation(picture: Picture, examples: tuple[Example, ...], answer: str | None = None) -> list[dict[str, Any]]:
    turns = []
    for shown, question, reply in (*((e.picture, e.question, e.answer) for e in examples), (picture, None, answer)):
        content = [{"type": "image", "image": Image.fromarray(shown)}, {"type": "text", "text": question or QUESTION}]
        turns.append({"role": "user", "content": content})
        if reply is not None:
            turns.append({"role": "assistant", "content": [{"type": "text", "text": reply}]})
    return turns


def encoded(processor: Any, turns: list[dict[str, Any]], prompt: bool = True) -> dict[str, torch.Tensor]:
    made = processor.apply_chat_template(
        turns, add_generation_prompt=prompt, tokenize=True, return_dict=True, return_tensors="pt"
    )
    # Llama 4's processor gives pictures in bfloat16, whatever the weights are
    return {name: value.float() if value.is_floating_point() else value for name, value in made.items()}


@torch.no_grad()
def generated(model: Any, processor: Any, picture: Picture, examples: tuple[Example, ...] = ()) -> str:
    inputs = encoded(processor, conversation(picture, examples))
    made = model.generate(**inputs, do_sample=False, max_new_tokens=TOKENS)
    text: str = processor.tokenizer.decode(made[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
    return text.strip()
