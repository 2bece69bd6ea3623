#!/usr/bin/env python3
"""Finds a semantic direction from the diffusion model itself, without pictures or labels, for the edits along directions.

    python jobs/discover_direction.py [--preset NAME|FILE] [--name NAME] [--OPTION VALUE …]
    ray job submit --working-dir . -- python jobs/discover_direction.py …

Options are those of ``pipelines.discovery.DiscoveryConfig``, dotted: ``--recipe.rounds 20 --diffusion.device cuda``.
The same command again goes on where a killed one stopped. Exit codes: 0 done, 2 bad input, 1 anything else.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pipelines.command_line import read_config
from pipelines.discovery import DiscoveryConfig, discover, show_found
from pipelines.job import make_console, run_job


def main() -> int:
    config = read_config(sys.argv[1:], DiscoveryConfig, default_preset="discover-miniature")
    console = make_console()
    show_found(discover(config, console), config, console)
    return 0


if __name__ == "__main__":
    sys.exit(run_job(main))
