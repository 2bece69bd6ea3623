#!/usr/bin/env python3
"""Finds a semantic direction from the diffusion model itself, without pictures or labels, for the edits along directions.

    safesweep discover [--preset NAME|FILE] [--name NAME] [--OPTION VALUE …]
    ray job submit --working-dir . -- python jobs/discover_direction.py …

Options are those of ``pipelines.discovery_config.DiscoveryConfig``, dotted: ``--recipe.rounds 20 --diffusion.device cuda``.
The same command again goes on where a killed one stopped.

Exit codes: 0 done, 2 bad input, 70 an error of the program's own.
"""

import sys
from pathlib import Path

if not __package__:  # started as a file: the repository is to be found without an install
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pipelines.command_line import ALL_CONFIGS
from pipelines.discovery_config import DiscoveryConfig
from safesweep.cli.command import Command
from safesweep.cli.exits import OK, make_console


def run(config: DiscoveryConfig) -> int:
    from pipelines.discovery import discover, show_found

    console = make_console()
    show_found(discover(config, console), config, console)
    return OK


EXAMPLES = {
    "preset": "discover-sd14-reference",
    "name": "sd14-safety",
    "out": "directions",
    "recipe.concept": "'a photo of a male face'",
    "recipe.aim": "toward",
    "recipe.kind": "conditional",
    "recipe.rank": "4",
    "recipe.rounds": "15",
    "recipe.pictures": "4",
    "diffusion.model": "/models/mine",
    "diffusion.device": "cuda",
    "diffusion.num_gpus": "1",
}
COMMAND = Command("discover", __doc__, DiscoveryConfig, run, "discover-miniature", EXAMPLES, ALL_CONFIGS)


if __name__ == "__main__":
    sys.exit(COMMAND.main())
