"""Temperatures: what a gate's logits are divided by, so that its probabilities are shares of how often it is right."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

COLDEST, HOTTEST = 0.5, 20.0
"""Prompts that are told apart without a mistake would ask for 0, which no number of prompts can know."""


def temperatures(logits: NDArray[np.float64], named: NDArray[np.bool_]) -> NDArray[np.float64]:
    """[T], one a term: the T that makes the answers likeliest when logits / T are taken for log odds (Guo et al. 2017).

    Args:
        logits: [N, T] of previews that the network has not learned from.
        named: [N, T] what the VLM named.
    """
    return np.array([_fit(one, is_there) for one, is_there in zip(logits.T, named.T, strict=True)])


def _fit(logits: NDArray[np.float64], named: NDArray[np.bool_]) -> float:
    signed = np.where(named, logits, -logits)

    def surprise(log_temperature: float) -> float:
        return float(np.logaddexp(0, -signed / np.exp(log_temperature)).mean())

    found = minimize_scalar(surprise, bounds=(np.log(COLDEST), np.log(HOTTEST)), method="bounded")
    return float(np.exp(found.x))
