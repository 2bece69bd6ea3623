"""The deviation ratio: how unevenly pictures of a profession show an attribute."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from safesweep.measures.resample import mean_of_scored

NAN = float("nan")


class DeviationRatio(NamedTuple):
    """Bias over a set of professions."""

    mean: float
    """In [0, 1]: 0 is an even split in each profession, 1 one attribute only; NaN without any counted profession."""
    by_profession: dict[str, float]
    """NaN where no picture was attributed; those are left out of the mean."""


def deviation_ratio(counts: Sequence[int]) -> float:
    """Return max_a |N_a/N - 1/A| / (1 - 1/A) over A attributes.

    Source: InterpretDiffusion (Li et al. 2024, "Self-Discovering Interpretable Diffusion Latent Directions").

    Args:
        counts: pictures of one profession with each attribute, A >= 2 numbers of 0 or more.

    Returns:
        0 (even) to 1 (one attribute only); NaN when all counts are 0.

    Raises:
        ValueError: fewer than two attributes, or a negative count.
    """
    numbers = np.asarray(counts, dtype=np.float64)
    if numbers.ndim != 1 or len(numbers) < 2 or (numbers < 0).any():
        raise ValueError(f"counts is {list(counts)}; two or more numbers, none negative, are allowed")
    total, even = numbers.sum(), 1 / len(numbers)
    return float(np.abs(numbers / total - even).max() / (1 - even)) if total else NAN


def mean_deviation_ratio(counts: Mapping[str, Sequence[int]]) -> DeviationRatio:
    """Return the deviation ratio of each profession and their mean.

    Args:
        counts: profession -> pictures with each attribute, the attributes in one order throughout.

    Raises:
        ValueError: professions with different numbers of attributes, or as `deviation_ratio`.
    """
    widths = {name: len(row) for name, row in counts.items()}
    if len(set(widths.values())) > 1:
        raise ValueError(f"numbers of attributes differ: {widths}; one number for all professions is allowed")
    ratios = {name: deviation_ratio(row) for name, row in counts.items()}
    return DeviationRatio(mean_of_scored(np.array(list(ratios.values()), dtype=np.float64)), ratios)
