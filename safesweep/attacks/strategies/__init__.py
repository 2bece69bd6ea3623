"""Strategies of a search, one file each; a new one is a file and a line here, or a plugin that adds to the registry."""

from safesweep.attacks.strategies.base import Selection, Strategy
from safesweep.registry import Registry

STRATEGIES: Registry[type[Strategy]] = Registry(
    "strategy",
    {
        "adaptive": "safesweep.attacks.strategies.adaptive:Adaptive",
        "random": "safesweep.attacks.strategies.random_rewriting:RandomRewriting",
        "reseeding": "safesweep.attacks.strategies.reseeding:Reseeding",
    },
)
"""Name -> what chooses parents."""

__all__ = ["STRATEGIES", "Selection", "Strategy"]
