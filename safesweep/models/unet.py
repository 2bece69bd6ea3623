"""What the families have in common whose network is a UNet, with a noise schedule of betas.

Shape suffixes: R network rows, C H W latents, T tokens, D embedding width.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import torch

from safesweep.errors import InputError
from safesweep.models.checkpoint import ModelFolder
from safesweep.models.pipeline import PipelineModel
from safesweep.models.probe import SUPPORTED
from safesweep.models.solver import SolverTable, scheduler_from_name, solver_table
from safesweep.models.text import TextEmbedding

if TYPE_CHECKING:  # importing it takes longer than all that a process needs which only checks a checkpoint
    from diffusers import SchedulerMixin


class UnetModel(PipelineModel):
    """A UNet between text encoders and an autoencoder; it predicts noise or v."""

    COMPONENTS: ClassVar[tuple[str, ...]] = ("vae", "text_encoder", "tokenizer", "unet", "scheduler")
    SOLVERS: ClassVar[tuple[str, ...]] = SUPPORTED
    SIDE: ClassVar[int] = 8
    TABLES_BY_SIZE: ClassVar[bool] = False
    NETWORK: ClassVar[str] = "unet"
    MEMORY_FORMAT: ClassVar[torch.memory_format] = torch.channels_last
    FORCED: ClassVar[Mapping[str, Any]] = {}
    """Values that the pipeline class gives to every scheduler that it is built with, whatever the checkpoint's config says."""

    @property
    def channels(self) -> int:
        return int(self.network.config.in_channels)

    @classmethod
    def check(cls, folder: ModelFolder, index: Mapping[str, Any]) -> None:
        config = folder.read("scheduler/scheduler_config.json")
        if "beta_schedule" not in config:
            raise InputError(
                f"{folder.path}/scheduler/scheduler_config.json: {config.get('_class_name')} has no beta_schedule; "
                "allowed: a checkpoint trained on a noise schedule of betas, as Stable Diffusion and SDXL are"
            )
        distilled = folder.read("unet/config.json").get("time_cond_proj_dim")
        if distilled is not None:
            raise InputError(
                f"{folder.path}/unet/config.json: time_cond_proj_dim is {distilled!r}; allowed: None "
                "(a network distilled to take the guidance scale as an input cannot be guided otherwise)"
            )

    @classmethod
    def table(cls, folder: ModelFolder, solver: str, steps: int, width: int, height: int) -> SolverTable:
        config = folder.read("scheduler/scheduler_config.json")
        return solver_table(scheduler_from_name(solver, config, cls.FORCED), steps)

    def scheduler(self, name: str) -> "SchedulerMixin":
        """The scheduler class ``name`` on this model's noise schedule. Raises ``UnsupportedSchedulerError``."""
        return scheduler_from_name(name, self._pipe.scheduler.config, self.FORCED)

    def solver_table(self, name: str, steps: int, width: int, height: int) -> SolverTable:
        return solver_table(self.scheduler(name), steps)

    def predict(
        self,
        latents_RCHW: torch.Tensor,
        timesteps_R: torch.Tensor,
        texts: Sequence[TextEmbedding],
        embedded_R: torch.Tensor | None = None,
    ) -> torch.Tensor:
        rows = latents_RCHW.to(self.dtype).contiguous(memory_format=self.MEMORY_FORMAT)
        tokens = torch.stack([text.tokens for text in texts])
        with self.casting():
            predicted: torch.Tensor = self._called(
                rows, timesteps_R, encoder_hidden_states=tokens, return_dict=False, **self.conditions(rows, texts)
            )[0]
        return predicted

    def conditions(self, rows: torch.Tensor, texts: Sequence[TextEmbedding]) -> dict[str, Any]:
        """Further inputs of the network, one row each."""
        return {}
