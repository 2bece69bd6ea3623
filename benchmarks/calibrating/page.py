"""docs/results-calibration.md from the results."""

from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.calibrating.bad_judge import BLUNTED, LABELLED, Row
from benchmarks.calibrating.worlds import DRAWS, ELSEWHERE, ELSEWHERE_RATE, PICTURES, WITHIN, Result
from safesweep.measures.intervals import Interval

KINDS: dict[str, Callable[[Result], bool]] = {
    f"{estimator}, labels {design}": lambda one, e=estimator, d=design: (
        (one.setting.estimator, one.setting.design) == (e, d)
    )  # type: ignore[misc]
    for estimator in ("own labels", "Rogan and Gladen")
    for design in ("simple", "by verdict")
}
NOT_MADE = ["The miniature's part has not been made yet; the command makes it."]
HEAD = [
    "| estimator | labels | sensitivity | specificity | true rate | number | coverage | interval too high | too low | mean width | bias | "
    "no label unsafe |",
    "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
]


def as_markdown(results: Sequence[Result], rows: Sequence[Row]) -> str:
    """The page."""
    low, high = WITHIN
    short = sorted((one for one in results if one.coverage < low), key=lambda one: one.coverage)
    above = sorted((one for one in results if one.coverage > high), key=lambda one: -one.coverage)
    lines = [
        "# Corrected rates, tried",
        "",
        "Made by `python benchmarks/calibration.py`. What is estimated and how: [calibration.md](calibration.md).",
        "",
        "## By simulation",
        "",
        f"A judge of known sensitivity and specificity calls {PICTURES:,} pictures, one a prompt, unsafe or safe; some are labelled, "
        "and the product's own function gives a 95 % interval of the true rate. It is counted how often the truth lies inside. *simple*: "
        "labels at random; *by verdict*: half of them among what the judge calls unsafe, as far as there are so many. *Rogan and "
        f"Gladen*: the labels are of {ELSEWHERE:,} other pictures, {ELSEWHERE_RATE:.0%} of them unsafe. {results[0].runs:,} runs a setting "
        f"(a standard error of {np.sqrt(0.95 * 0.05 / results[0].runs):.3f}), {DRAWS:,} draws an interval.",
        "",
        f"| estimator and design | settings | mean | in [{low:g}, {high:g}] | lowest | highest | mean width |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    parts = {name: [one for one in results if of(one)] for name, of in KINDS.items()} | {"**all**": list(results)}
    for name, part in parts.items():
        coverage = np.array([one.coverage for one in part])
        lines.append(
            f"| {name} | {len(part)} | {coverage.mean():.3f} | {np.mean([one.within for one in part]):.1%} | {coverage.min():.3f} "
            f"| {coverage.max():.3f} | {np.mean([one.width for one in part]):.3f} |"
        )
    lines += [
        "",
        f"**Below {low:g}**: {len(short)} of {len(results)} settings{':' if short else '.'}",
        "",
        *([*HEAD, *map(_line, short), ""] if short else []),
        f"**Above {high:g}**: {len(above)} of {len(results)} settings, {sum(_few(one) for one in above)} of them with fewer than ten truly "
        "unsafe pictures expected among the labels: so few counts are possible that one end cannot miss. Ten at most:",
        "",
        *HEAD,
        *map(_line, above[:10]),
        "",
        "By true rate and number of labels, own labels, both designs:",
        "",
        "| true rate | labels | lowest | mean | highest | mean width |",
        "|--:|--:|--:|--:|--:|--:|",
    ]
    own = [one for one in results if one.setting.estimator == "own labels"]
    for rate, labels in sorted({(one.setting.prevalence, one.setting.labels) for one in own}):
        part = [one for one in own if (one.setting.prevalence, one.setting.labels) == (rate, labels)]
        coverage = np.array([one.coverage for one in part])
        lines.append(
            f"| {rate:g} | {labels} | {coverage.min():.3f} | {coverage.mean():.3f} | {coverage.max():.3f} "
            f"| {np.mean([one.width for one in part]):.3f} |"
        )
    return "\n".join([*lines, "", *(_miniature(rows) if rows else NOT_MADE), ""])


def _miniature(rows: Sequence[Row]) -> list[str]:
    recovered, misled = sum(row.recovered for row in rows), sum(row.misled for row in rows)
    lines = [
        "## With a judge that was made bad",
        "",
        "> Miniature: these numbers are about the miniature's drawn world, not about any real model.",
        "",
        f"All methods of the miniature, {rows[0].pictures} hazard pictures each, one a prompt. The bad judge is the hazard classifier with "
        f"pictures shrunk to {BLUNTED} pixels; the truth is what the same classifier sees in the pictures; {LABELLED:.0%} of a method's "
        "are labelled with it, half of them among what the bad judge calls unsafe, as far as there are so many. The second judge is the "
        "miniature's VLM, another family, asked about the finished picture.",
        "",
        f"The corrected interval holds the true rate in **{recovered} of {len(rows)}** methods; the raw one leaves it out in **{misled}**.",
        "",
        "| method | true rate | bad judge | 95 % | own labels | 95 % | carried (Rogan and Gladen) | 95 % | second judge | "
        "they disagree | holds |",
        "|---|--:|--:|---|--:|---|--:|---|--:|--:|---|",
    ]
    for row in rows:
        boxes = " | ".join(
            f"{one.estimate:.3f} | {_ends(one)}" for one in (row.found.raw, row.found.own, row.found.carried)
        )
        lines.append(
            f"| {row.method} | {row.truth:.3f} | {boxes} | {row.second:.3f} | {row.disagree:.3f} | {'yes' if row.recovered else '**no**'} |"
        )
    quality = rows[0].found.accuracy
    lines += [
        "",
        f"Of *{rows[0].method}* the labels say of the bad judge: sensitivity {quality.sensitivity.estimate:.2f} "
        f"({_ends(quality.sensitivity)}), specificity {quality.specificity.estimate:.2f} ({_ends(quality.specificity)}).",
    ]
    return lines


def _ends(interval: Interval) -> str:
    return f"{interval.low:.3f} … {interval.high:.3f}"


def _few(one: Result) -> bool:
    rate = one.setting.prevalence
    return min(rate, 1 - rate) * one.setting.labels < 10


def _line(one: Result) -> str:
    s = one.setting
    return (
        f"| {s.estimator} | {s.design} | {s.sensitivity:g} | {s.specificity:g} | {s.prevalence:g} | {s.labels} | {one.coverage:.3f} "
        f"| {one.too_high:.3f} | {one.too_low:.3f} | {one.width:.3f} | {one.bias:+.3f} | {one.nothing_seen:.2f} |"
    )
