"""The configuration of a discovery: settings alone, read without waiting for torch."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from pydantic import Field, PositiveInt

from safesweep.cli.settings import PresetSettings
from safesweep.guidance.recipe import Recipe
from safesweep.settings import Dtype, Section


class FrozenModel(Section):
    """The diffusion model that is learned from; nothing in it changes."""

    model: str
    """Local folder or hub id of a pipeline."""
    revision: str | None = None
    """Of the hub: a commit, a tag or a branch."""
    device: str = "cpu"
    """torch device."""
    dtype: Dtype = "float32"
    """Type of the weights."""
    autocast: Dtype | None = None
    """Type of the network's matrix products where it is not ``dtype``."""
    text_tokens: int | None = Field(default=None, ge=0)
    """Tokens of a text that T5 gives (SD3, FLUX.1: the pipeline's max_sequence_length); by default the pipeline's own, 256 and 512."""
    num_cpus: float = Field(default=1.0, ge=0)
    """CPUs that the task asks Ray for."""
    num_gpus: float = Field(default=0.0, ge=0)
    """GPUs that the task asks Ray for; a share of one is allowed."""
    threads: PositiveInt | None = None
    """torch threads; by default torch's own choice."""
    label_selector: dict[str, str] = Field(default_factory=dict)
    """Labels of the nodes that may do it, as Ray's label selectors write them; by default any node."""


class DiscoveryConfig(PresetSettings):
    """Everything that decides a discovery. Presets, environment and command line act as they do for a run."""

    groups: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "run": ("preset", "hardware", "name", "out", "address", "wait_for_nodes_s", "wait_for_lease_s", "banner")
    }

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    """Of the direction, and of its folder."""
    out: Path = Path("directions")
    """Folder of directions; cells find those in ``directions`` by their bare name."""
    recipe: Recipe
    """How the direction is found."""
    diffusion: FrozenModel
    """What it is found in."""
    address: str | None = None
    """Ray cluster that the job joins: HOST:PORT of its head, or auto for the one that ``ray start`` started on this machine; by default
    ``RAY_ADDRESS``'s, else one of its own that ends with it."""
    wait_for_nodes_s: float = Field(default=0.0, ge=0)
    """How long to wait for an autoscaling cluster to have the node that is needed."""
    wait_for_lease_s: float = Field(default=0.0, ge=0)
    """How long to wait for another process that writes this direction to end, before this start is refused."""
    banner: str | None = None
    """Shown above the summary."""

    @property
    def folder(self) -> Path:
        """Where the direction is written."""
        return self.out / self.name
