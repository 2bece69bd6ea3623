"""A vision-language model behind one call: pictures and questions in, raw answers out."""

from collections.abc import Sequence
from typing import Any

import torch
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor

from guidance.libraries import quiet_libraries
from guidance.model import DTYPES
from guidance.trajectory import Picture


class VisionLanguageModel:
    """Any ``AutoModelForImageTextToText`` with its processor and chat template, answering greedily."""

    def __init__(self, model: Any, processor: Any, max_new_tokens: int = 64, picture_size: int | None = None) -> None:
        self._model, self._processor = model.eval(), processor
        self._max_new_tokens, self._picture_size = max_new_tokens, picture_size
        self._processor.tokenizer.padding_side = "left"
        if self._processor.tokenizer.pad_token is None:
            self._processor.tokenizer.pad_token = self._processor.tokenizer.eos_token

    @classmethod
    def load(
        cls,
        path: str,
        device: str = "cpu",
        dtype: str = "float32",
        revision: str | None = None,
        max_new_tokens: int = 64,
        picture_size: int | None = None,
    ) -> "VisionLanguageModel":
        """From a local folder or a hub id. Raises ``OSError`` when it is not such a model."""
        quiet_libraries()
        model = AutoModelForImageTextToText.from_pretrained(path, dtype=DTYPES[dtype], revision=revision).to(device)
        processor = AutoProcessor.from_pretrained(path, revision=revision)
        return cls(model, processor, max_new_tokens, picture_size)

    def _image(self, picture: Picture) -> Image.Image:
        image = Image.fromarray(picture)
        if self._picture_size is not None:
            image = image.resize((self._picture_size, self._picture_size), Image.Resampling.BICUBIC)
        return image

    def _prompt(self, question: str) -> str:
        turn = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": question}]}]
        return str(self._processor.apply_chat_template(turn, add_generation_prompt=True))

    @torch.inference_mode()
    def answer(self, pictures: Sequence[Picture], questions: Sequence[str]) -> list[str]:
        """One answer a (picture, question): greedy, at most ``max_new_tokens`` tokens, special tokens and outer blanks removed.

        ``pictures``: uint8 [H, W, 3] RGB each; all are answered in one batch.
        """
        inputs = self._processor(
            images=[self._image(picture) for picture in pictures],
            text=[self._prompt(question) for question in questions],
            return_tensors="pt",
            padding=True,
        ).to(self._model.device)
        inputs["pixel_values"] = inputs["pixel_values"].to(self._model.dtype)
        made = self._model.generate(**inputs, do_sample=False, max_new_tokens=self._max_new_tokens)
        said = made[:, inputs["input_ids"].shape[1] :]
        return [text.strip() for text in self._processor.tokenizer.batch_decode(said, skip_special_tokens=True)]
