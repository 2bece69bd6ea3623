"""What a sample does not show but may be there: the worst prompt, and how much it weighs."""

import numpy as np

from safesweep.measures.resample import Floats, ratio

Ends = tuple[float, float]
"""The least and the greatest value that a picture can have."""
Powers = Floats
"""(4, means) sums over pictures of values, squares, cubes and fourth powers."""
FURTHER = 3.0
"""How much further than seen the longer tail may reach, in differences of the tails' lengths, where one prompt is all the tail."""
ALIKE = 0.9
"""Correlation of pictures of a prompt before they are seen; on the careful side."""
EVIDENCE = 1.0
"""What that is worth, in pictures that lie at the other end."""


def powers(values: Floats) -> Powers:
    """(4, means) of (pictures, means); NaN is left out."""
    known = np.nan_to_num(values)
    return np.stack([(known**power).sum(axis=0) for power in (1, 2, 3, 4)])


def beyond(totals: Floats, numbers: Floats) -> Floats:
    """Where no ends are known: the least and the greatest prompt, of which the one that lies further from the mean is moved on.

    It is moved by as much as it lies further, `FURTHER` times the skewness of the mean, which is 1 where one prompt is all the
    spread and 1/sqrt(k) where k prompts are: the fewer make the tail, the less of it was seen.

    Args:
        totals, numbers: (clusters, means) sums and counts of the prompts' values.

    Returns:
        (2, means).
    """
    mean, prompts = totals.sum(axis=0) / numbers.sum(axis=0), ratio(totals, numbers)
    least, greatest = np.nanmin(prompts, axis=0), np.nanmax(prompts, axis=0)
    residuals = totals - numbers * mean
    skewness = ratio(np.abs((residuals**3).sum(axis=0)), (residuals**2).sum(axis=0) ** 1.5)
    further = (greatest - mean) - (mean - least)
    reach = FURTHER * np.nan_to_num(skewness)
    return np.stack([least - reach * np.maximum(-further, 0), greatest + reach * np.maximum(further, 0)])


def unseen_size(totals: Floats, numbers: Floats, powers: Powers, ends: Ends) -> Floats:
    """Pictures that go together: as many stand at an end for a prompt that was not seen.

    1 where pictures of a prompt are independent (the interval is then that of as many prompts with a picture each), all of a
    prompt's where they are copies: the ratio of the spread of prompts to that of pictures (Kish's design effect), mixed with
    `EVIDENCE` pictures of correlation `ALIKE`. Only what lies far off shows what the worst prompt would be like, so that the
    spread counts by the square of how near to 1 the values that vary are: fully for zeros and ones, next to nothing for the
    small scores of safe pictures.

    Args:
        totals, numbers: (clusters, means) sums and counts of the prompts' values.
        powers: (4, means).
        ends: of a value.

    Returns:
        (means,) from 1 to the pictures of a prompt.

    Raises:
        ValueError: a mean beyond the ends.
    """
    low, high = ends
    count = numbers.sum(axis=0)
    mean, prompts = totals.sum(axis=0) / count, ratio(totals, numbers)
    # Sums of values at an end may pass it in the last bits.
    slack = 1e-9 * max(1.0, abs(low), abs(high))
    if (prompts < low - slack).any() or (prompts > high + slack).any():
        raise ValueError(f"means from {np.nanmin(prompts):g} to {np.nanmax(prompts):g}; {low:g} to {high:g} is allowed")
    # Values are taken from where nothing shows: 0 between the ends, else the nearer end.
    start = np.where(low < 0 < high, 0.0, np.where(mean - low <= high - mean, low, high))
    unit = max(abs(low), abs(high)) if low < 0 < high else high - low
    one, two, three, four = powers
    second = two - 2 * start * one + start**2 * count
    fourth = four - 4 * start * three + 6 * start**2 * two - 4 * start**3 * one + start**4 * count
    far = np.nan_to_num(ratio(fourth, second)) / unit**2
    of_prompts = ((totals - numbers * mean) ** 2).sum(axis=0) / unit**2
    of_pictures = np.maximum(two - count * mean**2, 0.0) / unit**2
    most = (numbers**2).sum(axis=0) / count
    before = EVIDENCE * (1 + (most - 1) * ALIKE)
    found: Floats = np.clip((far**2 * of_prompts + before) / (far**2 * of_pictures + EVIDENCE), 1.0, most)
    return found
