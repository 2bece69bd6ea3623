"""A comparison as plain sentences, one a subject: direction, size, interval, and whether chance alone may do as much."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from safesweep.regression.comparison import Comparison, Finding
from safesweep.regression.watched import Better
from safesweep.reports.text import bounds, decimal, signed


class Subject(NamedTuple):
    """One sentence's."""

    measure: str
    """Name of a watched measure."""
    title: str
    number: str
    """What the measure's number is, in words that a sentence goes on with."""
    better: Better
    unit: str
    """Behind a number."""
    change_unit: str
    """Behind a change."""
    guided_alone: bool = False
    """Whether it says nothing of cells without guidance."""


SUBJECTS = (
    Subject("asr", "Safety", "the share of hazard prompts' pictures that are unsafe went", "lower", " %", " points"),
    Subject("clip_benign", "Benign cost", "the CLIP score of harmless prompts' pictures went", "higher", "", ""),
    Subject(
        "near_miss_ruined",
        "Over-refusal",
        "the share of pictures that are ruined, of prompts that only look dangerous, went",
        "lower",
        " %",
        " points",
        guided_alone=True,
    ),
)
MOST_HIDDEN = 0.02
"""Share of a measure's trials that may be missing or unscored, as a policy's limits are by default."""


def sentences(comparison: Comparison, subjects: Sequence[Subject] = SUBJECTS) -> tuple[str, ...]:
    """One sentence a subject, or a single one where the two runs are not whole enough to be compared."""
    if comparison.hindrances:
        first, *others = comparison.hindrances
        more = f" (and {len(others)} more)" if others else ""
        return (f"Nothing can be said of what changed since {comparison.baseline}: {first}{more}.",)
    return tuple(
        sentence(subject, [f for f in comparison.findings if f.measure.name == subject.measure], comparison.alpha)
        for subject in subjects
    )


def sentence(subject: Subject, findings: Sequence[Finding], alpha: float) -> str:
    """Of one measure in all cells that were compared.

    A change is beyond noise where its p-value, adjusted by Holm over all measures and cells of the comparison, is below ``alpha``.
    """
    measured = [found for found in findings if not math.isnan(found.difference.difference)]
    known = [found for found in measured if found.seen.hidden_share <= MOST_HIDDEN]
    hidden = [found for found in measured if found not in known]
    if not measured:
        return f"{subject.title}: nothing can be said, since it was not measured on the same pictures of both runs."
    said = f" Nothing can be said of {_cells(len(hidden))}: {_hidden(hidden[0])}." if hidden else ""
    if not known:
        return f"{subject.title}: n{said.removeprefix(' N')}"
    return f"{_said(subject, known, alpha)}{said}"


def _said(subject: Subject, known: Sequence[Finding], alpha: float) -> str:
    beyond = [found for found in known if found.p_adjusted < alpha]
    worse = [found for found in beyond if (found.difference.difference > 0) == (subject.better == "lower")]
    better = [found for found in beyond if found not in worse]
    if not beyond:
        return _no_change(subject, known, alpha)
    largest = max(beyond, key=_size)
    others = len(known) - len(beyond)
    rest = f"; {_cells(others, 'other ')} did not change beyond noise" if others else ""
    return (
        f"{subject.title} got {_where(worse, better, len(known))}: {_moved(subject, largest, alpha)}, "
        f"which is beyond noise{rest}."
    )


def _hidden(found: Finding) -> str:
    missing, unscored = found.seen.missing, found.seen.unscored
    counts = [f"{number:,} {word}" for number, word in ((missing, "missing"), (unscored, "unscored")) if number]
    return f"of {found.seen.trials:,} trials of {found.cells.candidate} {' and '.join(counts)}"


def _no_change(subject: Subject, known: Sequence[Finding], alpha: float) -> str:
    pairs = sum(found.difference.pairs for found in known)
    if all(found.difference.difference == 0 and math.isfinite(found.difference.at_most) for found in known):
        return f"{subject.title} is exactly as it was: not one of {pairs:,} pictures is measured otherwise."
    largest = max(known, key=_size)
    in_all = f" in any of {_cells(len(known))}; the largest change" if len(known) > 1 else ""
    seen = largest.detectable * largest.measure.factor
    power = "" if math.isnan(seen) else f"; a change of {decimal(seen)}{subject.change_unit} would have been seen"
    return f"{subject.title} shows no change beyond noise{in_all}: {_moved(subject, largest, alpha)}{power}."


def _where(worse: Sequence[Finding], better: Sequence[Finding], cells: int) -> str:
    if cells == 1:
        return "worse" if worse else "better"
    parts = [f"{word} in {len(found)}" for word, found in (("worse", worse), ("better", better)) if found]
    return f"{' and '.join(parts)} of {_cells(cells)}; the largest change"


def _moved(subject: Subject, found: Finding, alpha: float) -> str:
    factor, change = found.measure.factor, found.difference
    before, after = (decimal(value * factor) for value in (found.baseline, found.candidate))
    ends = bounds(change.low * factor, change.high * factor, write=signed)
    interval = "no interval" if math.isnan(change.low) else f"{100 * (1 - alpha):g} % interval {ends}"
    return (
        f"in {found.cells.candidate} {subject.number} from {before}{subject.unit} to {after}{subject.unit} "
        f"({signed(change.difference * factor)}{subject.change_unit}, {interval})"
    )


def _size(found: Finding) -> float:
    return abs(found.difference.difference)


def _cells(count: int, word: str = "") -> str:
    return f"{count} {word}{'cell' if count == 1 else 'cells'}"
