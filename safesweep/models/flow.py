"""What flow-matching families have in common: a transformer that predicts v = ε − x0 on the line x = (1 − σ)·x0 + σ·ε.

Lipman et al. 2023 (arXiv 2210.02747), Esser et al. 2024 (arXiv 2403.03206). Shape suffixes: C H W latents.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import torch

from safesweep.errors import InputError
from safesweep.models.checkpoint import ModelFolder
from safesweep.models.pipeline import PipelineModel
from safesweep.models.probe import FLOW_SUPPORTED, UnsupportedSchedulerError
from safesweep.models.solver import SolverTable, build_scheduler, solver_table
from safesweep.models.text import TextEmbedding

if TYPE_CHECKING:  # importing it takes longer than all that a process needs which only checks a checkpoint
    from diffusers import SchedulerMixin

SCHEDULER = "scheduler/scheduler_config.json"


class FlowModel(PipelineModel):
    """A flow-matching transformer between text encoders and an autoencoder."""

    SOLVERS: ClassVar[tuple[str, ...]] = FLOW_SUPPORTED
    SIDE: ClassVar[int] = 16
    NETWORK: ClassVar[str] = "transformer"
    MAX_SHIFT: ClassVar[float] = 1.15
    """The pipeline's own for a scheduler config that has no ``max_shift``."""
    OWN_SIGMAS: ClassVar[bool] = True
    """Whether the pipeline hands sigmas from 1 to 1/n to its scheduler, instead of leaving them to it."""

    _apart: bool = False

    @classmethod
    def check(cls, folder: ModelFolder, index: Mapping[str, Any]) -> None:
        named = str(folder.read(SCHEDULER).get("_class_name"))
        if named not in FLOW_SUPPORTED:
            raise InputError(
                f"{folder.path}/{SCHEDULER}: _class_name is {named!r}; allowed: {', '.join(FLOW_SUPPORTED)}"
            )

    @classmethod
    def takes_guidance(cls, folder: ModelFolder) -> bool:
        return bool(folder.read(f"{cls.NETWORK}/config.json").get("guidance_embeds"))

    @classmethod
    def vae_scale(cls, vae: Mapping[str, Any]) -> int:
        """Pixels a side of a latent, by the autoencoder's config."""
        blocks = vae.get("block_out_channels") or vae.get("decoder_block_out_channels") or [64]
        return int(2 ** (len(blocks) - 1))

    @classmethod
    def tokens(cls, network: Mapping[str, Any], vae_scale: int, width: int, height: int) -> int:
        """Tokens of a picture of so many pixels, by the network's config; by default patches of 2 × 2 latents."""
        return (width // (2 * vae_scale)) * (height // (2 * vae_scale))

    @classmethod
    def table(cls, folder: ModelFolder, solver: str, steps: int, width: int, height: int) -> SolverTable:
        network, scale = folder.read(f"{cls.NETWORK}/config.json"), cls.vae_scale(folder.read("vae/config.json"))
        tokens = cls.tokens(network, scale, width, height)
        return cls.table_for(folder.read(SCHEDULER), solver, steps, tokens)

    def solver_table(self, name: str, steps: int, width: int, height: int) -> SolverTable:
        tokens = self.tokens(self.network.config, self._pipe.vae_scale_factor, width, height)
        return self.table_for(self._pipe.scheduler.config, name, steps, tokens)

    @classmethod
    def table_for(cls, config: Mapping[str, Any], solver: str, steps: int, tokens: int) -> SolverTable:
        """The table of a scheduler class on a checkpoint's scheduler ``config``, for pictures of so many tokens."""
        scheduler = flow_scheduler(solver, config)
        return solver_table(scheduler, steps, cls.schedule(scheduler, steps, tokens))

    @classmethod
    def schedule(cls, scheduler: "SchedulerMixin", steps: int, tokens: int) -> dict[str, Any]:
        """What the pipeline gives to the scheduler's ``set_timesteps`` beside the number of steps: sigmas, and μ of a dynamic shift."""
        given: dict[str, Any] = {}
        config: Mapping[str, Any] = scheduler.config
        if type(scheduler).__name__ == "FlowMatchEulerDiscreteScheduler" and cls.OWN_SIGMAS:
            given["sigmas"] = (
                [1 + index / (steps - 1) * (1 / steps - 1) for index in range(steps)] if steps > 1 else [1.0]
            )
        if config.get("use_dynamic_shifting"):
            given["mu"] = time_shift(config, tokens, cls.MAX_SHIFT)
        return given

    def reproduce(self, exactly: bool) -> None:
        """Texts of varying length are padded to the longest of a batch, which moves low bits, so such rows are then computed one by one."""
        self._apart = exactly and not self.FIXED_LENGTH

    def predict(
        self,
        latents_RCHW: torch.Tensor,
        timesteps_R: torch.Tensor,
        texts: Sequence[TextEmbedding],
        embedded_R: torch.Tensor | None = None,
    ) -> torch.Tensor:
        if not self._apart:
            return self.predict_together(latents_RCHW, timesteps_R, texts, embedded_R)
        rows = []
        for row in range(len(texts)):
            one = slice(row, row + 1)
            embedded = None if embedded_R is None else embedded_R[one]
            rows.append(self.predict_together(latents_RCHW[one], timesteps_R[one], texts[one], embedded))
        return torch.cat(rows)

    @abstractmethod
    def predict_together(
        self,
        latents_RCHW: torch.Tensor,
        timesteps_R: torch.Tensor,
        texts: Sequence[TextEmbedding],
        embedded_R: torch.Tensor | None,
    ) -> torch.Tensor:
        """``predict`` in one call of the network."""


def time_shift(config: Mapping[str, Any], tokens: int, max_shift: float) -> float:
    """μ of a dynamic shift, linear in the number of a picture's tokens (Esser et al. 2024, section 5.3.2, as FLUX.1 takes it)."""
    least, most = config.get("base_image_seq_len", 256), config.get("max_image_seq_len", 4096)
    low, high = config.get("base_shift", 0.5), config.get("max_shift", max_shift)
    slope = (high - low) / (most - least)
    return float(tokens * slope + (low - slope * least))


def flow_scheduler(name: str, config: Mapping[str, Any]) -> "SchedulerMixin":
    """The diffusers scheduler class ``name`` for a flow model whose checkpoint's scheduler has ``config``.

    One that also denoises by betas would take such a config for a noise model's without a word, so it is told that this is a flow and how
    it is shifted. Raises ``UnsupportedSchedulerError`` for a class that is not in ``FLOW_SUPPORTED``, or a config that it does not take.
    """
    if name not in FLOW_SUPPORTED:
        raise UnsupportedSchedulerError(
            f"solver: {name!r} is not for a flow-matching model; allowed: {', '.join(FLOW_SUPPORTED)}"
        )
    told: dict[str, Any] = {}
    if not name.startswith("FlowMatch"):
        own = str(config.get("_class_name", "")) == name
        told = {"use_flow_sigmas": True, "prediction_type": "flow_prediction"}
        told["flow_shift"] = config.get("flow_shift", 1.0) if own else config.get("shift", 1.0)
    elif config.get("use_flow_sigmas"):
        told = {"shift": config.get("flow_shift", 1.0)}
    return build_scheduler(name, config, told)


def padded(tokens_TD: torch.Tensor, width: int) -> torch.Tensor:
    """Embeddings [T, D] with zeros up to ``width``."""
    return torch.nn.functional.pad(tokens_TD, (0, width - tokens_TD.shape[-1]))
