"""Ways to make a bad night look good, or a gate say nothing of a night that it cannot judge; and what each must come to."""

from tests.safesweep.regression.cheats import baselines, cells, damage, evidence, missing, nights, prompts  # noqa: F401
from tests.safesweep.regression.cheats.stage import CHEATS, Cheat, Outcome, Stage, run

__all__ = ["CHEATS", "Cheat", "Outcome", "Stage", "run"]
