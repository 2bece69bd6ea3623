"""How alike the pictures of one prompt are: what the counts say of the correlation within prompts."""

from typing import NamedTuple

import numpy as np
from scipy.special import gammaln  # type: ignore[import-untyped, unused-ignore]

from safesweep.measures.resample import Floats

NODES = 16
"""Correlations that are weighed."""
STEPS = 25
"""Rates over which each is averaged."""
REACH = 5.0
"""How far these rates go from the observed one, in standard errors of a sample whose prompts' pictures are all alike."""


class Correlations(NamedTuple):
    """What is known of the correlation of two pictures of one prompt."""

    nodes: Floats
    """(NODES,) correlations in (0, 1), near one another towards 0."""
    weights: Floats
    """(tables, NODES) probability of each, given the table; a row sums to 1."""


def correlations(unsafe: Floats, scored: Floats, prompts: Floats) -> Correlations:
    """Weigh correlations by how well a beta-binomial with them explains the counts (Skellam 1948, JRSS B 10:257).

    Each prompt's own rate is Beta(p·s, (1-p)·s) with s = (1-c)/c, so that c is the correlation of its pictures. Before the
    counts are seen, c is Beta(1, 1/2): nearly even, leaning to the careful side, where a few prompts make all the unsafe
    pictures (an even one held a rate of .05 at c = .8 among 50 prompts 91 % of the time, this one 94 %). p has Jeffreys'
    prior, which is uniform in arcsin(sqrt p), and is integrated out. A table that says little of c (nothing unsafe, few
    prompts, one picture each) leaves the weights wide, so that what is built on them is careful where care is needed.

    Args:
        unsafe: (kinds,) unsafe pictures of a prompt.
        scored: (kinds,) its scored pictures, 1 or more.
        prompts: (tables, kinds) how many prompts of a table have such counts; one or more in each table.
    """
    places = (np.arange(NODES) + 0.5) / NODES
    nodes = places**2
    pictures, hits = prompts @ scored, prompts @ unsafe
    # As many as there would be if all pictures of a prompt were copies of one.
    fewest = pictures**2 / (prompts @ scored**2)
    centre = np.arcsin(np.sqrt((hits + 0.25) / (pictures + 0.5)))
    angles = centre[:, None] + np.linspace(-REACH, REACH, STEPS) / (2 * np.sqrt(fewest))[:, None]
    inside = (angles > 0) & (angles < np.pi / 2)
    rates = np.sin(np.clip(angles, 1e-4, np.pi / 2 - 1e-4)) ** 2
    size = (1 - nodes) / nodes
    a, b = rates[:, :, None] * size, (1 - rates)[:, :, None] * size
    likelihood = -prompts.sum(axis=1)[:, None, None] * (gammaln(a) + gammaln(b))
    for k, n, count in zip(unsafe, scored, prompts.T, strict=True):
        held = count > 0
        constant = gammaln(size) - gammaln(size + n)
        likelihood[held] += count[held, None, None] * (gammaln(a[held] + k) + gammaln(b[held] + n - k) + constant)
    likelihood[~inside] = -np.inf
    likelihood -= likelihood.max(axis=(1, 2), keepdims=True)
    # Equal steps of sqrt(c), in which a density f(c) is f(c)·2·sqrt(c).
    weights = np.exp(likelihood).sum(axis=1) * places / np.sqrt(1 - nodes)
    return Correlations(nodes, weights / weights.sum(axis=1, keepdims=True))
