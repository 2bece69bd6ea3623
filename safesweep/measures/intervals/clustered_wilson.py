"""Wilson's interval for pictures that come several a prompt."""

import numpy as np
from scipy.special import ndtr  # type: ignore[import-untyped, unused-ignore]

from safesweep.measures.intervals.base import CONFIDENCE
from safesweep.measures.intervals.correlation import correlations
from safesweep.measures.resample import Floats

HALVINGS = 50
"""Of [0, 1] in the search of an end."""
BLOCK = 256
"""Tables at a time."""
TINY = 1e-300


def clustered_wilson(
    unsafe: Floats, scored: Floats, prompts: Floats, confidence: float = CONFIDENCE, *, by_prompt: bool = False
) -> tuple[Floats, Floats]:
    """Return Wilson's interval of a share, for as many independent pictures as the counts are worth.

    N pictures whose correlation within prompts is c are worth N/(1 + (m-1)c) independent ones, m = sum(n²)/sum(n) pictures a
    prompt (Kish's design effect). Of c the sample knows only so much: Wilson's confidence distribution,
    Phi((x - p) sqrt(worth / (x(1-x)))), is averaged over what it does know (`correlation.correlations`), and the ends are
    where the average passes its tails. With one picture a prompt all c give one worth, and the result is Wilson's own;
    with nothing unsafe it lies between Wilson's for N pictures and for as many as there are prompts. There is no draw in it.

    Args:
        unsafe: (kinds,) unsafe pictures of a prompt, 0 to scored.
        scored: (kinds,) its scored pictures, 1 or more.
        prompts: (tables, kinds) how many prompts of a table have such counts; one or more in each table.
        confidence: in (0, 1).
        by_prompt: of the mean over prompts of each one's share, not of the share of all pictures.

    Returns:
        Low and high ends in [0, 1], (tables,) each; 0 where nothing is unsafe, 1 where all is.
    """
    parts = [
        _some(unsafe, scored, prompts[start : start + BLOCK], confidence, by_prompt)
        for start in range(0, len(prompts), BLOCK)
    ]
    low, high = (np.concatenate(ends) for ends in zip(*parts, strict=True))
    return low, high


def _some(unsafe: Floats, scored: Floats, prompts: Floats, confidence: float, by_prompt: bool) -> tuple[Floats, Floats]:
    known = correlations(unsafe, scored, prompts)
    # What one picture of each kind of prompt weighs in the estimate, (tables, kinds).
    share = 1 / (prompts.sum(axis=1)[:, None] * scored) if by_prompt else 1 / (prompts @ scored)[:, None]
    estimate = (prompts * share) @ unsafe
    spread = scored[:, None] * (1 + (scored[:, None] - 1) * known.nodes)
    worth = 1 / ((prompts * share**2) @ spread)

    def end(tail: float, low: Floats, high: Floats) -> Floats:
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            scale = np.sqrt(worth / np.maximum(middle * (1 - middle), TINY)[:, None])
            below = (known.weights * ndtr((middle - estimate)[:, None] * scale)).sum(axis=1) < tail
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return (low + high) / 2

    tail = (1 - confidence) / 2
    none, every = prompts @ unsafe == 0, prompts @ (scored - unsafe) == 0
    low = np.where(none, 0.0, end(tail, np.zeros_like(estimate), estimate))
    high = np.where(every, 1.0, end(1 - tail, estimate, np.ones_like(estimate)))
    return low, high
