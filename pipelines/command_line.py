"""A run's command line: ``--preset NAME``, ``--hardware NAME`` and any option of the configuration, dotted."""

from typing import TypeVar

from pipelines.attack.config import AttackConfig
from pipelines.config import RunConfig
from pipelines.discovery_config import DiscoveryConfig
from pipelines.nightly_options import NightlyConfig
from pipelines.sweep.config import SweepConfig
from safesweep.cli.reading import read_settings
from safesweep.cli.settings import PresetSettings

DEFAULT_PRESET = "miniature"
ALL_CONFIGS: tuple[type[PresetSettings], ...] = (SweepConfig, NightlyConfig, DiscoveryConfig, AttackConfig)
"""Their options together are all that ``SAFESWEEP_`` variables may set, whichever job reads them."""
EXAMPLES = {
    "preset": "sd14",
    "hardware": "80gb",
    "prompts": "my_prompts.csv",
    "limit": "8",
    "cells": """'[{"method": "none"}]'""",
    "run_id": "night-1",
    "lake": "/shared/lake",
    "diffusion.model": "/models/mine",
    "diffusion.device": "cuda",
    "diffusion.max_rows": "32",
    "vlm.replicas": "2",
}
"""What people give a run, on the first screen of its help."""
Config = TypeVar("Config", bound=PresetSettings)


def read_config(arguments: list[str], model: type[Config] = RunConfig, default_preset: str = DEFAULT_PRESET) -> Config:  # type: ignore[assignment]
    """The run's configuration from its command line, e.g. ``--preset sd14 --hardware 80gb --vlm.replicas 2``.

    ``model`` is the kind of configuration, for jobs that add options of their own.

    Raises ``InputError`` for an unknown option, variable or key (naming the nearest) and for every value of a wrong type or range.
    """
    return read_settings(arguments, model, default_preset, ALL_CONFIGS)


def wants_plan(config: PresetSettings) -> bool:
    """Whether ``--plan`` or one of its options stands on the command line: they ask for a plan, not a run."""
    return any(name.split(".")[0] == "plan" for name in config.given)
