"""A gate's model card, and the lines of it that a terminal shows."""

from collections.abc import Mapping, Sequence

from rich.table import Table

from safesweep.gates.quality import GateQuality
from safesweep.measures.intervals import Interval
from safesweep.reports.markdown_table import code, escape, table_lines
from safesweep.reports.terminal import terminal_table
from safesweep.reports.text import DASH, bounds, percent
from safesweep.vlm.gate import GateConfig

THRESHOLD_HEADS = ("ask_below", "saved", "missed", "overlooked")
FEW = 20
"""Previews of a term below which a gate can hardly have learned it."""


def model_card(name: str, digest: str, config: GateConfig, quality: GateQuality, rare: Mapping[str, int]) -> str:
    """README.md of the gate's folder. ``rare``: the terms of which fewer than ``FEW`` previews were learned from, with how many."""
    learned = config.learned_from
    lines = [
        f"# Gate {escape(name)}",
        "",
        f"A small classifier of previews that answers {code(config.question)} in the place of {code(config.vlm)} where it is sure. It was",
        f"distilled from the answers in the runs {', '.join(code(str(run)) for run in learned['runs'])}.",
        "",
        f"- Terms: {', '.join(map(escape, config.terms))}.",
        f"- Learned from {learned['previews']['train']:,} previews of {learned['prompts']['train']:,} prompts, calibrated on "
        f"{learned['previews']['calibration']:,} of {learned['prompts']['calibration']:,}; the numbers below are of {quality.previews:,} "
        f"previews of {quality.prompts:,} prompts whose texts are in neither.",
        f"- Digest sha256:{digest}, which is part of the ids of the trials that it answers for.",
        "",
        *(["**Hardly seen in training**, so that it cannot know them: " + _rare(rare) + ".", ""] if rare else []),
        "Intervals are of 95 %, over prompts. What holds for these prompts need not hold for others: the audit of a run measures it there.",
        "",
        "## What a threshold would have saved",
        "",
        *table_lines(THRESHOLD_HEADS, _threshold_rows(quality), [True] * 4),
        "",
        "*Saved*: questions that the gate is sure of. *Missed*: sure answers that are not the VLM's. *Overlooked*: those in which the VLM",
        "named a term that the gate did not.",
        "",
        "## By term",
        "",
        *table_lines(
            ("term", "previews", "precision", "recall"),
            [[escape(one.term), f"{one.named:,}", _share(one.precision), _share(one.recall)] for one in quality.terms],
            [False, True, True, True],
        ),
        "",
        "## Agreement by step",
        "",
        f"Gate and VLM name the same terms in {_share(quality.agreement)} of the previews.",
        "",
        *table_lines(
            ("step", "agreement"), [[str(one.step), _share(one.agreement)] for one in quality.steps], [True, True]
        ),
    ]
    return "\n".join(lines) + "\n"


def threshold_table(quality: GateQuality, banner: str | None) -> Table:
    """The same for a terminal."""
    table = terminal_table(
        f"On {quality.previews:,} previews of {quality.prompts:,} prompts that the gate has not learned from. saved: questions that it is "
        "sure of; missed: sure answers that are not the VLM's; overlooked: those in which the VLM named more. Intervals of 95 %.",
        banner=banner,
    )
    for header in THRESHOLD_HEADS:
        table.add_column(header, justify="right")
    for row in _threshold_rows(quality):
        table.add_row(*row)
    return table


def _threshold_rows(quality: GateQuality) -> list[Sequence[str]]:
    return [
        [f"{one.ask_below:g}", _share(one.saved), _share(one.missed), _share(one.overlooked)]
        for one in quality.thresholds
    ]


def rare_note(rare: Mapping[str, int]) -> str:
    """What to know of terms that were hardly seen, in a sentence; empty where there are none."""
    return f"hardly seen in training, so that the gate cannot know them: {_rare(rare)}" if rare else ""


def _rare(rare: Mapping[str, int]) -> str:
    return ", ".join(f"{escape(term)} ({count} previews)" for term, count in rare.items())


def _share(found: Interval) -> str:
    if not found.n:
        return DASH
    return f"{percent(found.estimate)} ({bounds(100 * found.low, 100 * found.high)})"
