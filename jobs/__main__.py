"""``safesweep COMMAND``: the jobs as one command line. Each is a file beside this one; its ``COMMAND`` is what the word stands for."""

import sys
from functools import partial
from importlib import import_module

from safesweep.cli.command import Commands, Runs

JOBS = {
    "eval": "eval_i2p",
    "rescore": "rescore",
    "sweep": "sweep_guidance",
    "attack": "attack",
    "nightly": "nightly_regression",
    "report": "report",
    "label": "label",
    "compare": "compare",
    "baseline": "baseline",
    "discover": "discover_direction",
    "distill": "distill_gate",
    "bias": "eval_bias",
    "prompts": "prompts",
    "quality": "benign_quality",
    "status": "status",
    "lake": "lake",
    "references": "references",
}
"""Word → file."""


def _command(file: str) -> Runs:
    command: Runs = import_module(f".{file}", __package__).COMMAND
    return command


ABOUT = "SafeSweep: which guidance method makes a text-to-image model safe, and at what cost to the pictures."
SAFESWEEP = Commands("safesweep", ABOUT, {word: partial(_command, file) for word, file in JOBS.items()})


def main() -> int:
    """The console script."""
    return SAFESWEEP.main()


if __name__ == "__main__":
    sys.exit(main())
