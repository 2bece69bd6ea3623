"""The split by prompt text: what a text shows is learned from, calibrated on, or held out, and never two of these."""

import hashlib
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from safesweep.errors import InputError
from safesweep.gates.recipe import GateRecipe


class Parts(NamedTuple):
    """[N] which examples belong to each part; every one belongs to one."""

    train: NDArray[np.bool_]
    calibration: NDArray[np.bool_]
    held_out: NDArray[np.bool_]


def split(prompts: NDArray[np.str_], recipe: GateRecipe) -> Parts:
    """By each text's hash and the seed, so that a text stays in its part when a lake grows.

    ``prompts``: [N] hashes of the examples' texts. Raises ``InputError`` where a part would be empty.
    """
    if recipe.train + recipe.calibration >= 1:
        raise InputError(
            f"recipe.train, recipe.calibration: {recipe.train:g} and {recipe.calibration:g} leave nothing to be held out; "
            "allowed: a sum below 1"
        )
    unique, place = np.unique(prompts, return_inverse=True)
    drawn = np.array([_drawn(text, recipe.seed) for text in unique])[place]
    first, second = recipe.train, recipe.train + recipe.calibration
    parts = Parts(drawn < first, (drawn >= first) & (drawn < second), drawn >= second)
    for name, part in zip(Parts._fields, parts, strict=True):
        if not part.any():
            raise InputError(
                f"runs: the exchanges are of {len(unique)} prompts' texts, none of which falls to the part {name}; more are needed"
            )
    return parts


def _drawn(text: str, seed: int) -> float:
    return int.from_bytes(hashlib.sha256(f"{seed} {text}".encode()).digest()[:8]) / 2**64
