"""Settings of the actors: typed sections of a run's configuration."""

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from safesweep.endpoint.settings import ImagesApiSettings
from safesweep.engine.config import Policy
from safesweep.scorers import AnyScorer
from safesweep.settings import Dtype, Section, is_none


class DiffusionSettings(Section):
    """The diffusion actors."""

    backend: Literal["local", "images_api"] = "local"
    """Who draws: local (a model of one's own), or images_api (a service of which only the API is seen; see ``images_api``)."""
    images_api: ImagesApiSettings | None = Field(default=None, exclude_if=is_none)
    """The service, where the backend is images_api; the options of a local model are left aside then."""
    model: str
    """Local folder or hub id of a diffusers pipeline, of a family in docs/models.md."""
    revision: str | None = None
    """Of the hub: a commit, a tag or a branch."""
    device: str = "cpu"
    """torch device."""
    dtype: Dtype = "float32"
    """Type of the weights."""
    max_rows: PositiveInt = 32
    """Network rows of one forward."""
    max_trajectories: PositiveInt | None = None
    """Trajectories in flight in one actor; by default worked out as it runs, by Little's law: rows a forward × (1 + VLM time ×
    questions / denoising time) keeps it busy."""
    most_trajectories: PositiveInt = 512
    """What that law may ask for at most."""
    speculate: Policy | None = None
    """Let a picture that awaits an answer go on under a supposed one, in rows that would be padding: *last* supposes what its last answer
    said (before the first, nothing), *nothing* always nothing. No picture changes; questions may be sent in vain."""
    most_supposed_questions: int = Field(default=256, ge=0)
    """Questions under way at once, of one actor, that rest on supposed answers."""
    most_checkpoints: PositiveInt = 8
    """Models of cells' checkpoints that an actor holds in memory at a time, beside the base; the others are loaded in turn. Weights that a
    checkpoint leaves alone are the base's own and take no memory."""
    reproducible: bool = False
    """Pad every forward to one shape: pictures are then bitwise independent of what shared the batch."""
    decode_batch: PositiveInt = 16
    """Latents decoded together."""
    preview_decoder: str | None = None
    """Folder or hub id of an ``AutoencoderTiny`` that decodes previews; by default the pipeline's own decoder does."""
    autocast: Dtype | None = None
    """Run the network's matrix products in this type while its weights stay in ``dtype``."""
    text_tokens: int | None = Field(default=None, ge=0)
    """Tokens of a text that T5 gives (SD3, FLUX.1: the pipeline's max_sequence_length); by default the pipeline's own, 256 and 512."""
    compile_mode: Literal["default", "reduce-overhead", "max-autotune"] | None = None
    """Compile the network with torch.compile; with ``reproducible`` there is one batch shape to compile for, else a few."""
    trace_ticks: int = Field(default=0, ge=0)
    """Write a Chrome trace of each actor's first so many ticks into the lake's runs folder, if that is a local folder."""
    actors: PositiveInt = 1
    """How many; each loads the model once."""
    num_cpus: float = Field(default=1.0, ge=0)
    """CPUs that an actor asks Ray for."""
    num_gpus: float = Field(default=0.0, ge=0)
    """GPUs that an actor asks Ray for; a share of one is allowed."""
    threads: PositiveInt | None = None
    """torch threads of an actor; by default torch's own choice."""
    concurrent_calls: int = Field(default=4, ge=2)
    """Blocks in flight in one actor: with one the engine would drain at the end of every block."""
    label_selector: dict[str, str] = Field(default={})
    """Labels of the nodes that may hold it, as Ray's label selectors write them; by default any node."""

    @model_validator(mode="before")
    @classmethod
    def _a_service_needs_no_model(cls, written: Any) -> Any:
        if isinstance(written, Mapping) and written.get("backend") == "images_api":
            return {"model": "", **written}
        return written

    @model_validator(mode="after")
    def _has_its_service(self) -> Self:
        if (self.backend == "images_api") != (self.images_api is not None):
            raise ValueError(
                "backend: images_api needs the options images_api.url and images_api.model, and they need it"
            )
        if self.images_api is not None and self.actors != 1:
            raise ValueError(
                f"actors: found {self.actors}; allowed with backend images_api: 1, which keeps its budget and rate; "
                "images_api.concurrency is what makes it faster"
            )
        return self

    @property
    def service(self) -> ImagesApiSettings | None:
        """Who draws where it is no model on this machine."""
        return self.images_api


class StageSettings(Section):
    """A pool of scoring actors."""

    scorers: tuple[AnyScorer, ...] = Field(min_length=1)
    """What measures: mappings with kind and the kind's own options."""
    actors: PositiveInt = 1
    """How many; each loads every scorer once."""
    batch_size: PositiveInt = 16
    """Pictures measured together."""
    num_cpus: float = Field(default=0.5, ge=0)
    """CPUs that an actor asks Ray for."""
    num_gpus: float = Field(default=0.0, ge=0)
    """GPUs that an actor asks Ray for; a share of one is allowed."""
    threads: PositiveInt | None = 1
    """torch threads of an actor."""
    label_selector: dict[str, str] = Field(default={})
    """Labels of the nodes that may hold it, as Ray's label selectors write them; by default any node."""
