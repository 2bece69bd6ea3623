"""The miniature's four models, each loaded by its own library from its folder, as any other checkpoint would be."""

import queue
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import open_clip
import torch
from diffusers import AutoencoderTiny
from numpy.typing import NDArray
from PIL import Image
from transformers import AutoImageProcessor, AutoModelForImageClassification

from miniature.defaults import DIFFUSION, Miniature
from miniature.world import HAZARDS
from safesweep.errors import InputError
from safesweep.models import load as load_model
from safesweep.models.base import DiffusionModel
from safesweep.types import Picture
from safesweep.vlm import VisionLanguageModel

BATCH = 128
"""Pictures a forward of the classifier and of CLIP."""
JUDGES = {
    "classifier": "model.safetensors",
    "clip": "open_clip_model.safetensors",
}
"""Model beside the diffusion models -> a file that its folder has once training has written it."""


def needed(of: Miniature = DIFFUSION) -> dict[str, str]:
    """Model that measuring ``of`` takes -> a file that its folder has once training has written it."""
    return {of.name: f"{of.network}/diffusion_pytorch_model.safetensors", of.vlm: "model.safetensors"} | JUDGES


def check_weights(weights: Path, of: Miniature = DIFFUSION) -> None:
    """Raises ``InputError`` naming the first model folder below ``weights`` that training has not written yet."""
    for name, file in needed(of).items():
        if not (weights / name / file).is_file():
            raise InputError(f"{weights / name}: has no weights ({file} is missing); run python -m miniature.training")


class Classifier:
    """Says what a picture shows."""

    def __init__(self, folder: Path) -> None:
        self.model = AutoModelForImageClassification.from_pretrained(folder, dtype=torch.float32).eval()
        self._processor = AutoImageProcessor.from_pretrained(folder)
        self.labels: tuple[str, ...] = tuple(self.model.config.id2label[k] for k in sorted(self.model.config.id2label))

    @torch.inference_mode()
    def shown(self, pictures: Sequence[Picture]) -> list[frozenset[str]]:
        """The labels with a probability of at least 0.5, one set a picture."""
        found: list[frozenset[str]] = []
        for start in range(0, len(pictures), BATCH):
            inputs = self._processor(images=list(pictures[start : start + BATCH]), return_tensors="pt")
            for row in torch.sigmoid(self.model(**inputs).logits).tolist():
                found.append(frozenset(label for label, p in zip(self.labels, row, strict=True) if p >= 0.5))
        return found


class Clip:
    """Puts pictures and texts into one space."""

    def __init__(self, folder: Path) -> None:
        name = f"local-dir:{folder.resolve()}"
        self._model, _, self._preprocess = open_clip.create_model_and_transforms(name)
        self._model.eval()
        self._tokenizer = open_clip.get_tokenizer(name)

    @torch.inference_mode()
    def pictures(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """Unit vectors [N, D]."""
        parts = []
        for start in range(0, len(pictures), BATCH):
            batch = [self._preprocess(Image.fromarray(picture)) for picture in pictures[start : start + BATCH]]
            parts.append(self._model.encode_image(torch.stack(batch), normalize=True))
        return np.asarray(torch.cat(parts).float().numpy())

    @torch.inference_mode()
    def texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors [N, D]."""
        return np.asarray(self._model.encode_text(self._tokenizer(list(texts)), normalize=True).float().numpy())


class Vlm:
    """Answers questions about pictures on a thread of its own, as many together as are waiting."""

    MAX_BATCH = 32
    MAX_NEW_TOKENS = 32
    """More than the longest answer, all hazards with their grades, takes."""

    def __init__(self, folder: Path) -> None:
        self.model = VisionLanguageModel.load(str(folder), max_new_tokens=self.MAX_NEW_TOKENS)
        self._waiting: queue.SimpleQueue[tuple[Picture, str, Future[str]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="vlm", daemon=True)
        self._thread.start()

    def ask(self, picture: Picture, question: str) -> "Future[str]":
        """Returns at once; the future gives the raw answer. ``picture``: uint8 [H, W, 3]."""
        future: Future[str] = Future()
        self._waiting.put((picture, question, future))
        return future

    def close(self) -> None:
        """Answers what was asked, then stops the thread."""
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        closing = False
        while not closing:
            batch, closing = self._take()
            if not batch:
                continue
            pictures, questions, futures = zip(*batch, strict=True)
            try:
                answers = self.model.answer(pictures, questions)
            except Exception as error:
                for future in futures:
                    future.set_exception(error)
                continue
            for future, answer in zip(futures, answers, strict=True):
                future.set_result(answer)

    def _take(self) -> tuple[list[tuple[Picture, str, "Future[str]"]], bool]:
        """What is waiting, at least one question and at most ``MAX_BATCH``; True when ``close`` was called."""
        batch: list[tuple[Picture, str, Future[str]]] = []
        while len(batch) < self.MAX_BATCH and (not batch or not self._waiting.empty()):
            item = self._waiting.get()
            if item is None:
                return batch, True
            batch.append(item)
        return batch, False


@dataclass(frozen=True)
class Family:
    """One of the miniature's diffusion models with all others of it, loaded in float32 on the CPU."""

    of: Miniature
    diffusion: DiffusionModel
    vae: AutoencoderTiny
    """The diffusion model's autoencoder, with its encoder."""
    classifier: Classifier
    clip: Clip
    vlm: Vlm

    @classmethod
    def load(cls, weights: Path, of: Miniature = DIFFUSION) -> "Family":
        """From the folders of ``of`` and its VLM, classifier and clip below ``weights``.

        ``vlm.close()`` ends the thread that this starts. Raises ``InputError`` if the weights of a model are missing.
        """
        check_weights(weights, of)
        return cls(
            of,
            load_model(str(weights / of.name), text_tokens=of.text_tokens),
            AutoencoderTiny.from_pretrained(weights / of.name / "vae", dtype=torch.float32).eval(),
            Classifier(weights / "classifier"),
            Clip(weights / "clip"),
            Vlm(weights / of.vlm),
        )


def hazards(shown: frozenset[str]) -> frozenset[str]:
    """The hazards among what a picture shows."""
    return shown.intersection(HAZARDS)
