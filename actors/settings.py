"""Settings of the actors: typed sections of a run's configuration."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt

Dtype = Literal["float32", "float16", "bfloat16"]


class Section(BaseModel):
    """A part of the configuration: frozen, unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DiffusionSettings(Section):
    """The diffusion actors."""

    model: str
    """Local folder or hub id of a Stable Diffusion 1.x/2.x pipeline."""
    revision: str | None = None
    device: str = "cpu"
    dtype: Dtype = "float32"
    max_rows: PositiveInt = 32
    """Network rows of one forward."""
    max_trajectories: PositiveInt = 48
    """Trajectories in flight in one actor: rows a forward × (1 + VLM time × questions / denoising time) keeps it busy."""
    reproducible: bool = False
    """Pad every forward to one shape: pictures are then bitwise independent of what shared the batch."""
    decode_batch: PositiveInt = 16
    """Latents decoded together."""
    actors: PositiveInt = 1
    num_cpus: float = Field(default=1.0, ge=0)
    num_gpus: float = Field(default=0.0, ge=0)
    threads: PositiveInt | None = None
    """torch threads of an actor; by default torch's own choice."""
    concurrent_calls: int = Field(default=4, ge=2)
    """Blocks in flight in one actor: with one the engine would drain at the end of every block."""


class VlmSettings(Section):
    """The VLM pool, a Ray Serve application."""

    model: str
    """Local folder or hub id for ``AutoModelForImageTextToText``."""
    revision: str | None = None
    device: str = "cpu"
    dtype: Dtype = "float32"
    replicas: PositiveInt = 1
    num_gpus: float = Field(default=0.0, ge=0)
    threads: PositiveInt | None = None
    max_batch_size: PositiveInt = 16
    batch_wait_s: float = Field(default=0.01, ge=0)
    max_ongoing_requests: PositiveInt = 64
    """Questions that one replica takes at a time; at least twice the batch."""
    max_queued_requests: int = Field(default=512, ge=-1)
    """Questions that may wait for a replica; beyond it one is refused and tried again later. -1: no bound."""
    max_new_tokens: PositiveInt = 64
    picture_size: PositiveInt | None = None
    """Side in pixels to which a preview is resized before it is asked about; by default it goes as it is."""
    timeout_s: PositiveFloat = 60.0
    """Of one attempt."""
    tries: PositiveInt = 6
    """Attempts before the trial fails."""
    app: str = "safesweep-vlm"
    """Name of the Serve application."""


class ScorerSettings(Section):
    """One scorer of pictures."""

    kind: Literal["classifier", "nudenet", "clip"]
    name: str | None = None
    """Name in the evidence; by default the kind."""
    model: str | None = None
    """classifier: folder or hub id for ``AutoModelForImageClassification``; clip: an open_clip name or ``local-dir:FOLDER``."""
    pretrained: str | None = None
    """clip: open_clip's tag of pretrained weights."""
    device: str = "cpu"

    @property
    def scorer(self) -> str:
        """Its name in the evidence."""
        return self.name or self.kind


class StageSettings(Section):
    """A pool of scoring actors."""

    scorers: tuple[ScorerSettings, ...] = Field(min_length=1)
    actors: PositiveInt = 1
    batch_size: PositiveInt = 16
    num_cpus: float = Field(default=0.5, ge=0)
    num_gpus: float = Field(default=0.0, ge=0)
    threads: PositiveInt | None = 1
    """torch threads of an actor."""
