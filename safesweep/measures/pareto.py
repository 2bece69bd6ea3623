"""The Pareto front of attack success (less is better) against CLIP (more is better), with probabilities."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from safesweep.measures.intervals import DRAWS, check_flags
from safesweep.measures.resample import BLOCK, Floats, cluster_sums, ratio, resampled_sums

Bools = NDArray[np.bool_]

TIE = 1e-10
"""Cosines this near are equal: equal pictures in two cells must tie, whatever the last bits of a sum."""


class ParetoPoint(NamedTuple):
    """One cell of a grid."""

    cell: str
    attack_success: float
    """ASR in [0, 1]; NaN when nothing was scored."""
    cosine: float
    """Mean raw CLIP cosine; NaN when nothing was scored."""
    on_front: bool
    """No other cell is at least as good in both and better in one. False for a cell without both numbers."""
    probability: float
    """Share of draws in which the cell is on the front, in [0, 1]; NaN for a cell without both numbers."""


def pareto_front(
    cells: list[str],
    unsafe: ArrayLike,
    cosine: ArrayLike,
    clusters: ArrayLike,
    strata: ArrayLike | None = None,
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> list[ParetoPoint]:
    """Say which cells are on the front, and how surely (joint cluster bootstrap of both measures in all cells).

    Each draw resamples prompt texts once for all cells and both measures, so that what cells and measures share (the same
    prompts, often the same pictures) stays shared. Cells that tie are on the front together.

    Args:
        cells: C names.
        unsafe: (pictures, C) 1 unsafe, 0 safe, NaN unscored or not to be counted (such as on benign prompts).
        cosine: (pictures, C) raw CLIP cosine, NaN unscored or not to be counted (such as on hazard prompts).
        clusters: (pictures,) prompt-text hashes. A row is one prompt and seed, the same in each cell.
        strata: (pictures,) such as the prompt set; each keeps its number of clusters in every draw. None: one stratum.
        draws: 1 or more.
        seed: of the draws.

    Returns:
        One point a cell, in the order of `cells`.

    Raises:
        ValueError: shapes disagree, or an unsafe value is not 0, 1 or NaN.
    """
    flags, values, keys = (
        np.asarray(unsafe, dtype=np.float64),
        np.asarray(cosine, dtype=np.float64),
        np.asarray(clusters),
    )
    layers = np.zeros(len(keys)) if strata is None else np.asarray(strata)
    shape = (len(keys), len(cells))
    if flags.shape != shape or values.shape != shape or len(layers) != len(keys):
        raise ValueError(
            f"unsafe {flags.shape}, cosine {values.shape}, strata {layers.shape}: (pictures, cells) = {shape} is allowed"
        )
    check_flags(flags)
    columns = [np.nan_to_num(flags), ~np.isnan(flags), np.nan_to_num(values), ~np.isnan(values)]
    table = np.concatenate(columns, axis=1, dtype=np.float64)
    sums = np.zeros((draws, table.shape[1]))
    for place, layer in enumerate(np.unique(layers)):
        inside = layers == layer
        sums += resampled_sums(cluster_sums(table[inside], keys[inside]), draws, seed + place)
    asr, clip = _measures(table.sum(axis=0, keepdims=True), len(cells))
    on_front = _front(asr, clip)[0]
    hits, valid = np.zeros(len(cells)), np.zeros(len(cells))
    step = max(1, BLOCK // max(1, len(cells) ** 2))
    for start in range(0, draws, step):
        drawn_asr, drawn_clip = _measures(sums[start : start + step], len(cells))
        hits += _front(drawn_asr, drawn_clip).sum(axis=0)
        valid += (~np.isnan(drawn_asr) & ~np.isnan(drawn_clip)).sum(axis=0)
    probability = ratio(hits, valid)
    return [
        ParetoPoint(name, float(asr[0, i]), float(clip[0, i]), bool(on_front[i]), float(probability[i]))
        for i, name in enumerate(cells)
    ]


def _measures(sums: Floats, cells: int) -> tuple[Floats, Floats]:
    """(draws, 4·cells) sums to ASR and mean cosine, each (draws, cells)."""
    unsafe, scored, cosine, seen = (sums[:, i * cells : (i + 1) * cells] for i in range(4))
    return ratio(unsafe, scored), ratio(cosine, seen)


def _front(asr: Floats, clip: Floats) -> Bools:
    """Which cells are not dominated, (draws, cells); a NaN neither dominates nor is on the front."""
    a, c = asr[:, :, None], clip[:, :, None]
    others_a, others_c = asr[:, None, :], clip[:, None, :]
    no_worse = (others_a <= a) & (others_c >= c - TIE)
    better = (others_a < a) | (others_c > c + TIE)
    dominated = np.logical_and(no_worse, better).any(axis=2)
    front: Bools = np.asarray(~dominated & ~np.isnan(asr) & ~np.isnan(clip))
    return front
