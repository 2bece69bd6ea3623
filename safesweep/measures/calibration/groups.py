"""Labelled pictures in groups: what all that is known of a judge's errors is drawn from.

A group is the pictures with the same verdict of the judge (and, where the sample was stratified by another judge's verdict, the same of
that). How many pictures a group has is known of all of them; what share of it is truly unsafe, from those that were labelled.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from safesweep.measures.resample import Floats

DRAWS = 10_000
PRIOR = 0.5
"""Jeffreys' Beta(½, ½) of a share."""
BATCH = 1 << 22
"""Numbers held at once while drawing."""


class Groups(NamedTuple):
    """G groups of some pictures; the leading axes, if any, are repetitions (of a simulation), one row each."""

    flagged: NDArray[np.bool_]
    """(G,) whether the judge calls the group's pictures unsafe."""
    pictures: Floats
    """(…, G) pictures of the group, labelled or not, as many as are independent."""
    labelled: Floats
    """(…, G) those that were labelled, as many as are independent."""
    unsafe: Floats
    """(…, G) labelled unsafe, of the same number: `labelled` times the (weighted) share."""

    @property
    def shares(self) -> Floats:
        """(…, G) of all pictures."""
        total = self.pictures.sum(axis=-1, keepdims=True)
        shares: Floats = np.divide(self.pictures, total, out=np.full(np.shape(self.pictures), np.nan), where=total > 0)
        return shares

    @property
    def rates(self) -> Floats:
        """(…, G) share of each group that is truly unsafe; ½ for a group without labels, of which nothing is known."""
        rates: Floats = np.divide(
            self.unsafe, self.labelled, out=np.full(np.shape(self.unsafe), 0.5), where=self.labelled > 0
        )
        return rates

    @property
    def unlabelled(self) -> Floats:
        """(…) share of the pictures whose group has no label."""
        share: Floats = np.where(self.labelled > 0, 0.0, self.shares).sum(axis=-1)
        return share


def draw_shares(groups: Groups, draws: int, generator: np.random.Generator) -> Floats:
    """(…, draws, G) groups' shares of all pictures, drawn from what the run's pictures say of them: Dirichlet with Jeffreys' prior.

    A group that no picture is in has the prior's weight only where it is needed to tell the judge's verdicts apart.
    """
    shape = groups.pictures[..., None, :] + PRIOR
    drawn = generator.standard_gamma(np.broadcast_to(shape, (*shape.shape[:-2], draws, shape.shape[-1])))
    shares: Floats = drawn / drawn.sum(axis=-1, keepdims=True)
    return shares


def draw_rates(groups: Groups, draws: int, generator: np.random.Generator, lean: float = PRIOR) -> Floats:
    """(…, draws, G) groups' truly unsafe shares, drawn from what the labels say: Beta(x + lean, n - x + 1 - lean).

    Args:
        lean: ½ is Jeffreys' prior; 0 and 1 give draws whose quantiles are Clopper and Pearson's lower and upper end.
    """
    ones, zeros = groups.unsafe[..., None, :] + lean, (groups.labelled - groups.unsafe)[..., None, :] + 1 - lean
    size = (*ones.shape[:-2], draws, ones.shape[-1])
    rates: Floats = generator.beta(np.broadcast_to(ones, size), np.broadcast_to(zeros, size))
    return rates


def quantiles(drawn: Floats, confidence: float) -> tuple[Floats, Floats]:
    """(…) the ends between which so much of (…, draws) lies, as much on either side; NaN draws left out."""
    tail = (1 - confidence) / 2
    low, high = np.nanquantile(drawn, [tail, 1 - tail], axis=-1)
    return low, high
