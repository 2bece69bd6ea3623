"""What the engine and discovery ask of a diffusion model, whatever its family.

A family is one file here and one line in ``safesweep/models/__init__.py``: which checkpoints are its own, how texts are encoded, how the
network is called, how latents become pictures, which solvers it takes.

Shape suffixes: R network rows, B pictures, C H W latents, T tokens, D embedding width.
"""

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch

from safesweep.errors import InputError
from safesweep.models.checkpoint import ModelFolder
from safesweep.models.solver import SolverTable
from safesweep.models.text import EditedText, SteeredText, Text, TextEmbedding, TextEncoder
from safesweep.models.variants.checkpoint import Checkpoint
from safesweep.types import Picture

KEPT_TEXTS = 2048
"""Embeddings kept, the latest used: memory must not grow with the number of prompts."""


class DiffusionModel(ABC):
    """A text-to-image model: text encoders, a denoising network, a decoder.

    Raises nothing of its own; a subclass says what its checkpoints must hold in ``check``.
    """

    COMPONENTS: ClassVar[tuple[str, ...]]
    """Folders of a checkpoint that are needed."""
    SOLVERS: ClassVar[tuple[str, ...]]
    """diffusers scheduler classes that it can be denoised with."""
    SIDE: ClassVar[int]
    """Widths and heights are multiples of this, pixels."""
    TABLES_BY_SIZE: ClassVar[bool] = True
    """Whether a solver's table may follow the picture's size."""
    TEXT_TOKENS: ClassVar[int | None] = None
    """Tokens of its language model's part of a text embedding where a run may choose them, and no other is chosen."""
    FIXED_LENGTH: ClassVar[bool] = True
    """Whether all text embeddings have the same number of tokens T."""
    JOINED_ENCODERS: ClassVar[bool] = True
    """Whether the embedding of a text begins with the hidden states of ``encoders``, joined along the width."""

    device: torch.device
    dtype: torch.dtype
    """Of the network's weights."""

    def __init__(self) -> None:
        self._embeddings: OrderedDict[str, TextEmbedding] = OrderedDict()

    @classmethod
    @abstractmethod
    def check(cls, folder: ModelFolder, index: Mapping[str, Any]) -> None:
        """Checks, before anything is loaded, that the parts of a checkpoint fit together; ``index`` is its ``model_index.json``.

        That the components are there with their weights is known already. Raises ``InputError`` naming the file and the key.
        """

    @classmethod
    def takes_guidance(cls, folder: ModelFolder) -> bool:
        """Whether the network of a checkpoint takes a guidance scale as an input, as one that guidance was distilled into does."""
        return False

    @classmethod
    @abstractmethod
    def table(cls, folder: ModelFolder, solver: str, steps: int, width: int, height: int) -> SolverTable:
        """The table that the loaded model will denoise by, from the checkpoint's configs alone; sizes in pixels.

        Raises ``UnsupportedSchedulerError`` for a scheduler class, config or number of steps that cannot be one.
        """

    @classmethod
    @abstractmethod
    def load(
        cls,
        path: str,
        device: str = "cpu",
        dtype: str = "float32",
        revision: str | None = None,
        *,
        preview_decoder: str | None = None,
        autocast: str | None = None,
        compile_mode: str | None = None,
        text_tokens: int | None = None,
    ) -> "DiffusionModel":
        """From a local folder or a hub id; the options are those of ``safesweep.models.load``."""

    def with_checkpoint(self, checkpoint: Checkpoint) -> "DiffusionModel":
        """A model of its own with what a cell puts on this one, which stays as it is, bit for bit; weights that stay are shared.

        Raises ``InputError`` for what ``safesweep.models.variants.check`` would refuse, and where a family takes no checkpoints.
        """
        raise InputError(f"checkpoint {checkpoint.name!r}: {type(self).__name__} is a family that takes none")

    @property
    @abstractmethod
    def encoders(self) -> tuple[TextEncoder, ...]:
        """The text encoders, in the order in which their hidden states are joined."""

    @abstractmethod
    def encode(self, text: str) -> TextEmbedding:
        """The embedding of one text, encoded by itself."""

    def lost(self, text: str) -> int:
        """Tokens of a text behind the last that is taken; of several encoders, the most, those that give a pooled embedding alone
        left out."""
        return max(encoder.lost(text) for encoder in self.encoders)

    def embed(self, text: Text) -> TextEmbedding:
        """The embedding of a text; each is encoded once, by itself, so that it never depends on other texts."""
        if isinstance(text, SteeredText):  # what it is steered from; to where, the latents of a step say
            return self.embed(text.text)
        if isinstance(text, EditedText):
            return text.embedding
        if text in self._embeddings:
            self._embeddings.move_to_end(text)
        else:
            self._embeddings[text] = self.encode(text)
            if len(self._embeddings) > KEPT_TEXTS:
                self._embeddings.popitem(last=False)
        return self._embeddings[text]

    @abstractmethod
    def solver_table(self, name: str, steps: int, width: int, height: int) -> SolverTable:
        """The scheduler class ``name`` on this model's noise schedule as a table. Raises ``UnsupportedSchedulerError``.

        ``width`` and ``height`` of the picture in pixels: a flow model's noise levels may follow them.
        """

    @abstractmethod
    def initial_noise(self, seed: int, width: int, height: int) -> torch.Tensor:
        """Unit noise [C, H, W], float32, drawn on the CPU as diffusers draws it from ``torch.Generator("cpu")``.

        ``width`` and ``height`` in pixels; raises ``InputError`` for a size that latents cannot have.
        """

    @abstractmethod
    def predict(
        self,
        latents_RCHW: torch.Tensor,
        timesteps_R: torch.Tensor,
        texts: Sequence[TextEmbedding],
        embedded_R: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Predictions [R, C, H, W] in the network's own dtype, each row at its own timestep, with gradients where the caller records
        them (discovery does).

        ``embedded_R``: guidance scales for a network that takes one as an input (``takes_guidance``), float32; ``None`` for others.
        """

    @torch.inference_mode()
    def noise(
        self,
        latents_RCHW: torch.Tensor,
        timesteps_R: torch.Tensor,
        texts: Sequence[TextEmbedding],
        embedded_R: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Noise (or v) predictions [R, C, H, W] in float32; latents come in float32, each row at its own timestep."""
        return self.predict(latents_RCHW, timesteps_R, texts, embedded_R).float().contiguous()

    def guided(self, guided_BCHW: torch.Tensor, conditional_BCHW: torch.Tensor) -> torch.Tensor:
        """What the family's pipeline makes of a guided prediction, float32; ``conditional_BCHW``: the prompt's own."""
        return guided_BCHW

    def reproduce(self, exactly: bool) -> None:  # noqa: B027  (most families have nothing to do)
        """From now on a row's prediction must not depend on the other rows bit for bit, at one number of rows; or it may."""

    @abstractmethod
    def freeze(self) -> None:
        """Its weights take no gradients any more, for good."""

    @abstractmethod
    def decode(self, latents_BCHW: torch.Tensor, batch: int) -> list[Picture]:
        """Clean latents to pictures, ``batch`` at a time (1 makes a picture independent of its neighbours bit for bit).

        Raises ``FloatingPointError`` rather than give a black picture for one that is not finite, as an autoencoder in float16 may.
        """

    @abstractmethod
    def preview(self, latents_BCHW: torch.Tensor, batch: int) -> list[Picture]:
        """Predicted clean latents to previews, by the preview decoder where there is one."""

    def encoded(self, pictures: Sequence[Picture], batch: int) -> torch.Tensor:
        """Clean latents [B, C, H, W], float32, of pictures of one size, ``batch`` at a time: what ``decode`` makes pictures of.

        Raises ``NotImplementedError`` for a family that cannot.
        """
        raise NotImplementedError(f"{type(self).__name__} encodes no pictures")

    def decoded(self, latents_BCHW: torch.Tensor) -> torch.Tensor:
        """Pictures [B, 3, H, W] from -1 to 1, float32, of clean latents, with gradients where the caller records them.

        Raises ``NotImplementedError`` for a family that cannot.
        """
        raise NotImplementedError(f"{type(self).__name__} decodes nothing that can be differentiated")
