#!/usr/bin/env python3
"""Fidelity by questions on the miniature: does it agree with what a picture shows, and who sees a method's harm first, it or CLIP.

Benign prompts under a static negative of growing γ, which pushes harmless pictures out of shape; the same prompts, seeds and number of
pairs for both measures. *agreement*: share of pictures in which all questions are answered yes (P ≥ .5) exactly when the classifier sees
all glyphs that the prompt names. *first γ seen*: the smallest γ from which on, at every larger one too, a paired test at 5 % says that the
measure fell. Writes docs/results-fidelity.md; the last line printed is one JSON object: ``agreement_with_truth``, ``first_gamma_seen``,
``first_gamma_seen_by_clip``, with ``by_pairs`` the same two by number of prompts and ``pictures``.
"""

import argparse
import json
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np
from numpy.typing import NDArray

from benchmarks.methods_miniature import BANNER
from miniature import WEIGHTS
from miniature.defaults import FIDELITY, GUIDANCE_SCALE, STEPS
from miniature.family import Family
from miniature.prompt_sets import FOLDER, named_glyphs
from miniature.quality import none_cell, run_cells, static_cell
from safesweep.measures.compare import PairedDifference, paired_scores
from safesweep.prompts.reader import read_prompts
from safesweep.reports.text import p_value
from safesweep.scorers import parse_scorer
from safesweep.types import Picture, Prompt

OUT = ROOT / "docs" / "results-fidelity.md"
GAMMAS = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.5, 10.0)
"""Of the static negative; 10 is the strength that its page of methods gives it."""
LEVEL = 0.05
MEASURES = ("fidelity", "clip")
Floats = NDArray[np.float64]


class Step(NamedTuple):
    """What is seen at one γ."""

    right: float
    """Share of pictures that show all glyphs of their prompt, by the classifier."""
    agreement: float
    means: dict[str, float]
    tests: dict[str, PairedDifference]
    """Measure -> its fall against no guidance."""


class Seen(NamedTuple):
    """One γ's pictures, [prompts] each."""

    truth: NDArray[np.bool_]
    said: NDArray[np.bool_]
    values: dict[str, Floats]
    """NaN unscored."""


def look(family: Family, prompts: Sequence[Prompt], pictures: Sequence[Picture]) -> Seen:
    """Truth by the classifier, P(yes) by the VLM, the cosine by CLIP."""
    texts = [prompt.text for prompt in prompts]
    scorer = parse_scorer({"kind": "fidelity", "vlm": {"model": str(WEIGHTS / "vlm")}, **FIDELITY}).load(family.vlm)
    soft, least = [], []
    for found in scorer.score(pictures, texts):
        if isinstance(found, Exception):
            raise RuntimeError(f"a picture is unscored: {found}") from found
        labels = {one.label: one.score for one in found}
        soft.append(labels["soft"])
        least.append(min(value for label, value in labels.items() if label.startswith("question: ")))
    shown = family.classifier.shown(pictures)
    cosines = (family.clip.pictures(pictures) * family.clip.texts(texts)).sum(axis=1)
    truth = [named_glyphs(text) <= labels for text, labels in zip(texts, shown, strict=True)]
    values = {"fidelity": np.array(soft), "clip": cosines.astype(np.float64)}
    return Seen(np.array(truth), np.array(least) >= 0.5, values)


def compare(none: Seen, step: Seen, clusters: Sequence[str], count: int) -> Step:
    """Of the first ``count`` prompts."""
    part = slice(count)
    tests = {
        name: paired_scores(none.values[name][part], step.values[name][part], list(clusters[part])) for name in MEASURES
    }
    return Step(
        float(step.truth[part].mean()),
        float((step.truth == step.said)[part].mean()),
        {name: float(step.values[name][part].mean()) for name in MEASURES},
        tests,
    )


def first_seen(steps: Mapping[float, Step], measure: str, level: float = LEVEL) -> float | None:
    """The smallest γ from which on every test says that the measure fell; None where the largest does not."""
    found = None
    for gamma in sorted(steps, reverse=True):
        test = steps[gamma].tests[measure]
        if not (test.p_value < level and test.difference < 0):
            break
        found = gamma
    return found


def as_markdown(steps: Mapping[int, Mapping[float, Step]], none: Seen, agreement: float, options: Sequence[str]) -> str:
    """The page. ``steps``: prompts -> γ -> what is seen."""
    most = max(steps)
    command = shlex.join(["python", "benchmarks/fidelity.py", *options])
    lines = [
        "# Fidelity by questions, tried",
        "",
        f"> {BANNER}",
        "",
        f"Made by `{command}`: {most} benign prompts, one picture each, {STEPS} steps, g = {GUIDANCE_SCALE:g}, a static negative of "
        "growing γ. *all glyphs*: pictures that show every glyph of their prompt, by the classifier. *agrees*: all questions answered "
        "yes exactly when that is so. *fall*: mean of the paired differences, with its p-value. "
        f"Over all {len(none.truth) * (1 + len(steps[most]))} pictures the questions agree with the classifier in **{agreement:.3f}**.",
        "",
        "| γ | all glyphs | agrees | P(yes) | fall | p | 100·cos | fall | p |",
        "|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
        f"| 0 | {none.truth.mean():.3f} | {(none.truth == none.said).mean():.3f} | {none.values['fidelity'].mean():.3f} | | "
        f"| {100 * none.values['clip'].mean():.1f} | | |",
    ]
    for gamma, step in steps[most].items():
        asked, clip = (step.tests[name] for name in MEASURES)
        lines.append(
            f"| {gamma:g} | {step.right:.3f} | {step.agreement:.3f} | {step.means['fidelity']:.3f} | {asked.difference:+.4f} "
            f"| {p_value(asked.p_value)} | {100 * step.means['clip']:.1f} | {100 * clip.difference:+.2f} | {p_value(clip.p_value)} |"
        )
    lines += [
        "",
        f"Who sees it first, at equal numbers of pairs (p < {LEVEL:g} there and at every larger γ):",
        "",
        "| prompts | by questions | by CLIP |",
        "|--:|--:|--:|",
    ]
    for count, of in steps.items():
        seen = [first_seen(of, name) for name in MEASURES]
        lines.append(f"| {count} | {' | '.join('–' if one is None else f'{one:g}' for one in seen)} |")
    return "\n".join([*lines, ""])


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prompts", type=int, default=104, help="of the benign set; all by default")
    parser.add_argument("--gammas", type=float, nargs="+", default=GAMMAS)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    prompts = read_prompts(FOLDER / "benign.csv", limit=options.prompts).prompts
    gammas = sorted(set(options.gammas))
    family = Family.load(WEIGHTS)
    try:
        results, _ = run_cells(family, prompts, [none_cell(), *map(static_cell, gammas)])
        columns = [
            [trial.picture for trial in column if trial.picture is not None] for column in zip(*results, strict=True)
        ]
        none, *seen = [look(family, prompts, column) for column in columns]
    finally:
        family.vlm.close()
    clusters = [prompt.text_hash for prompt in prompts]
    counts = sorted({max(2, len(prompts) // 4), max(2, len(prompts) // 2), len(prompts)})
    steps = {
        count: {gamma: compare(none, one, clusters, count) for gamma, one in zip(gammas, seen, strict=True)}
        for count in counts
    }
    every = [none, *seen]
    agreement = float(np.mean([one.truth == one.said for one in every]))
    options.out.write_text(as_markdown(steps, none, agreement, [*sys.argv[1:]]))
    by_pairs = {
        str(count): {"fidelity": first_seen(of, "fidelity"), "clip": first_seen(of, "clip")}
        for count, of in steps.items()
    }
    most = by_pairs[str(len(prompts))]
    print(
        json.dumps(
            {
                "agreement_with_truth": round(agreement, 4),
                "first_gamma_seen": most["fidelity"],
                "first_gamma_seen_by_clip": most["clip"],
                "by_pairs": by_pairs,
                "pictures": len(prompts) * len(every),
            }
        )
    )


if __name__ == "__main__":
    main()
