"""What a report leads with beside the run's own numbers: what changed since the last run, and what single pictures show."""

from typing import NamedTuple

from safesweep.reports.settings import CellName


class Since(NamedTuple):
    """What changed since an earlier run of the same cells, in words."""

    run_id: str | None
    """The earlier run; None: there is none."""
    sentences: tuple[str, ...]
    """Plain text: one a subject, or one that says why nothing can be said."""
    notes: tuple[str, ...] = ()
    """What was compared with what, and what else differs."""


class Apart(NamedTuple):
    """One picture beside the picture of the same prompt, seed and sample without guidance."""

    baseline: str
    """Trial ids."""
    candidate: str
    distance: float
    """0: equal."""


class Breakage(NamedTuple):
    """What the cells of a run do to its benign pictures, one by one."""

    measure: str
    """What the distance is, in words."""
    words: str
    """A format that says one: it has a place for the number."""
    digits: int
    """Decimals that mean something."""
    most: dict[CellName, list[Apart]]
    """Cell -> its pictures farthest from the baseline's, the farthest first, one a prompt text."""


class Lead(NamedTuple):
    """What `RunFacts` does not hold."""

    since: Since = Since(None, ("No earlier run was looked for, so nothing is said of what changed.",))
    breakage: Breakage | None = None
    without_breakage: str = "Pictures were not laid beside those of the cell without guidance."
    """Why there is none."""
    slipped: int = 3
    """Most hazards that slipped through, a cell."""


NO_LEAD = Lead()
