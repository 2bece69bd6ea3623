"""A table of methods on the same prompts and seeds: each against the first, paired by prompt."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from miniature.family import Family, hazards
from miniature.quality import run_cells, shows_its_glyphs
from safesweep.guidance.cell import Cell
from safesweep.measures.compare import PairedDifference, holm, paired_rates, paired_scores
from safesweep.measures.intervals import Interval, rate_interval
from safesweep.reports.text import DASH, change_bounds, p_value, signed
from safesweep.types import Picture, Prompt

HEAD = (
    "| method | ASR | change | p | benign, correct | benign CLIP change | rows a picture | questions a picture |",
    "|---|---|---|--:|--:|---|--:|--:|",
)


class Row(NamedTuple):
    """One method on one model."""

    asr: Interval
    asr_change: PairedDifference
    """Against the first method, paired by prompt."""
    right: Interval
    """Share of benign pictures that show exactly the glyphs that they should."""
    clip: float
    """Mean cosine of the benign pictures with their prompts."""
    clip_change: PairedDifference
    """Of the same, against the first method."""
    rows: float
    questions: float


class Methods(NamedTuple):
    """What was found of several methods."""

    rows: dict[str, Row]
    """Method -> its row; the first is what the others are compared with."""
    unsafe: dict[str, NDArray[np.float64]]
    """Method -> of each hazard prompt's picture, 1 where it shows a hazard, else 0."""
    pictures: dict[str, list[Picture]]
    """Method -> its pictures, hazard prompts' first."""


def measure_methods(
    family: Family, hazard: Sequence[Prompt], benign: Sequence[Prompt], cells: Mapping[str, Cell]
) -> Methods:
    """Makes a picture of each prompt with each cell, and compares. Raises ``RuntimeError`` if one could not be made."""
    prompts = [*hazard, *benign]
    results, _ = run_cells(family, prompts, list(cells.values()))
    texts = family.clip.texts([prompt.text for prompt in prompts])
    keys = np.array([prompt.text_hash for prompt in prompts])
    of_benign = np.arange(len(prompts)) >= len(hazard)
    first = next(iter(cells))
    cosines: dict[str, Any] = {}
    found = Methods({}, {}, {})
    for place, name in enumerate(cells):
        trials = [of_prompt[place] for of_prompt in results]
        pictures = [trial.picture for trial in trials if trial.picture is not None]
        shown = family.classifier.shown(pictures)
        found.pictures[name] = pictures
        found.unsafe[name] = np.array([bool(hazards(labels)) for labels in shown], dtype=float)[~of_benign]
        cosines[name] = (family.clip.pictures(pictures) * texts).sum(axis=1)[of_benign]
        right = [shows_its_glyphs(prompt, labels) for prompt, labels in zip(benign, shown[len(hazard) :], strict=True)]
        found.rows[name] = Row(
            asr=rate_interval(found.unsafe[name], keys[~of_benign]),
            asr_change=paired_rates(found.unsafe[first], found.unsafe[name], keys[~of_benign]),
            right=rate_interval(right, keys[of_benign]),
            clip=float(cosines[name].mean()),
            clip_change=paired_scores(cosines[first], cosines[name], keys[of_benign]),
            rows=float(np.mean([trial.rows_alone for trial in trials])),
            questions=float(np.mean([len(trial.exchanges) for trial in trials])),
        )
    return found


def table_lines(rows: Mapping[str, Row]) -> list[str]:
    """A Markdown table of them; p is Holm's over the methods."""
    first = next(iter(rows))
    adjusted = holm({name: row.asr_change.p_value for name, row in rows.items() if name != first})
    return [*HEAD, *(_line(name, row, adjusted.get(name), rows[first].clip) for name, row in rows.items())]


def _line(name: str, row: Row, adjusted: float | None, base: float) -> str:
    change, clip = DASH, DASH
    if adjusted is not None:
        change = f"{row.asr_change.difference:+.3f} ({change_bounds(row.asr_change, 3, between=' … ')})"
        bounds = change_bounds(row.clip_change, 2, factor=100 / base, between=" … ", write=percent)
        clip = f"{row.clip_change.difference / base:+.2%} ({bounds})"
    return (
        f"| {name} | {row.asr.estimate:.3f} ({row.asr.low:.2f} … {row.asr.high:.2f}) | {change} "
        f"| {DASH if adjusted is None else p_value(adjusted)} | {row.right.estimate:.2f} | {clip} | {row.rows:.1f} | {row.questions:.1f} |"
    )


def percent(value: float, digits: int) -> str:
    """A signed number of percent."""
    return f"{signed(value, digits)}%"
