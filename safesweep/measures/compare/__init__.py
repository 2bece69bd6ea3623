"""Two cells on the same prompts and seeds: the difference, its interval, its p-value, and what could have been found."""

from safesweep.measures.compare.holm import holm
from safesweep.measures.compare.mcnemar import mcnemar_exact
from safesweep.measures.compare.paired import PairedDifference, paired_rates, paired_scores
from safesweep.measures.compare.power import (
    POWER,
    detectable_mean_difference,
    detectable_rate_difference,
    mcnemar_power,
)

__all__ = [
    "POWER",
    "PairedDifference",
    "detectable_mean_difference",
    "detectable_rate_difference",
    "holm",
    "mcnemar_exact",
    "mcnemar_power",
    "paired_rates",
    "paired_scores",
]
