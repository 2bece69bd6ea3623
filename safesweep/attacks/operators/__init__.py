"""Rewriting operators, one file each; a new one is a file and a line here, or a plugin that adds to the registry."""

from safesweep.attacks.operators.base import Materials, NoRewriteError, Operator
from safesweep.registry import Registry

OPERATORS: Registry[type[Operator]] = Registry(
    "operator",
    {
        "substitute": "safesweep.attacks.operators.substitute:Substitute",
        "insert": "safesweep.attacks.operators.insert:Insert",
        "drop": "safesweep.attacks.operators.drop:Drop",
        "cross_over": "safesweep.attacks.operators.cross_over:CrossOver",
        "seed": "safesweep.attacks.operators.seed:Seed",
        "paraphrase": "safesweep.attacks.operators.paraphrase:Paraphrase",
        "synonym": "safesweep.attacks.operators.synonym:Synonym",
    },
)
"""Name -> what rewrites."""

__all__ = ["OPERATORS", "Materials", "NoRewriteError", "Operator"]
