"""Directions of random numbers, for tests that need one and not a good one."""

import torch

from safesweep.guidance.direction import Direction, Kind

TOKENS, WIDTH = 24, 96
"""Of the miniature's text embeddings."""


def random_direction(
    kind: Kind = "shift", rank: int = 1, seed: int = 0, tokens: int = TOKENS, width: int = WIDTH, name: str = "random"
) -> Direction:
    """A direction that changes every prompt; the same numbers at every call."""
    generator = torch.Generator().manual_seed(seed)

    def numbers(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator)

    factors = (numbers(tokens, rank), numbers(width, rank))
    if kind == "conditional":
        factors = (numbers(width, rank) / width**0.5, numbers(rank, width))
    return Direction(name, kind, factors, "some/model@0123456789abcdef", {"rank": rank})
