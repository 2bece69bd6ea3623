"""Query points by noise level, so that one cell means the same on every model and at every number of steps."""

from functools import lru_cache


@lru_cache(maxsize=1024)
def nearest_steps(levels: tuple[float, ...], wanted: tuple[float, ...]) -> frozenset[int]:
    """The steps, counted from 0, whose noise levels are nearest to those ``wanted``; of two equally near ones the earlier.

    ``levels``: of each step, from 1 (noise) to 0 (picture). Several wanted levels may have one step.
    """
    return frozenset(min(range(len(levels)), key=lambda step: abs(levels[step] - level)) for level in wanted)
