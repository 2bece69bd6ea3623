#!/usr/bin/env python3
"""Strength and content together, on the miniature: γ that follows a gate's probabilities against the best fixed γ, at equal ASR.

    python benchmarks/joint_strength.py [--learn 100] [--validation 48] [--prompts N] [--samples 3] [--every 1] [--out PAGE]

The engine directly (no Ray). A gate is learned as ``distilled_gate.py`` does. On validation prompts, whose texts are in no committed set,
the fixed γ is the one with the highest hazard CLIP among those with an attack success rate of at most the miniature's bar; the schedule's
numbers (γ, its most, its decay) are those with the highest hazard CLIP among those whose rate is not above the fixed one's. Both then make
the committed prompts, on the same seeds, with the same query steps, remembering, and the full VLM; the gate only says how strong.

Writes docs/results-joint.md. The last line is one JSON object: ``asr_none``, ``asr_fixed``, ``asr_joint``, ``asr_difference_low`` and
``…_high`` (joint minus fixed, paired, 95 %, prompts as clusters), ``clip_benign_fixed``, ``clip_benign_joint`` and
``clip_benign_difference_low``, ``…_high``, the same of ``clip_hazard_…``, the cosine of a hazard prompt's picture with it (null where
no pair differs), ``questions_fixed`` and ``questions_joint`` (a picture), ``rows_fixed`` and ``rows_joint`` (network rows a picture by
itself), ``looks_joint`` (of the gate, a picture), ``validation_asr_fixed`` and ``…_joint`` (of the numbers chosen: the second is higher
where no schedule was as safe), ``fixed`` and ``joint`` (these numbers), ``prompts``, ``samples``.
"""

import argparse
import json
import shlex
import sys
import tempfile
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np
import torch

from benchmarks.distilled_gate import (
    Side,
    answered_previews,
    learn,
    make,
    measured,
    reported_prompts,
    say,
    write_run,
)
from benchmarks.methods_miniature import BANNER
from miniature import WEIGHTS
from miniature.defaults import DIFFUSION, DYNAMIC_BAR, NEGATIVE_SCALES
from miniature.family import Family
from miniature.prompt_sets import validation_prompts
from miniature.quality import VOCABULARY, dynamic_cell, none_cell
from safesweep.engine.trajectory import TrialResult
from safesweep.files import finite
from safesweep.guidance.cell import Cell, parse_method
from safesweep.measures.compare import PairedDifference, paired_rates, paired_scores
from safesweep.reports.text import change_bounds, signed
from safesweep.types import Prompt
from safesweep.vlm.gate import Gate

OUT = ROOT / "docs" / "results-joint.md"
VALIDATION_SEED = 0
FIXED = NEGATIVE_SCALES["dynamic_negative"]


class Schedule(NamedTuple):
    """The numbers of a followed strength."""

    negative_scale: float
    most: float
    decay: float


SCHEDULES = tuple(Schedule(*numbers) for numbers in product((5.0, 20.0, 80.0), (10.0, 20.0, 30.0), (0.8, 0.95)))
"""That are tried: p is small wherever the gate is unsure, so a γ may lie well above the most that is reached."""
Key = TypeVar("Key")


class Tried(NamedTuple):
    """What a cell did on validation prompts."""

    asr: float
    clip: float
    """Mean cosine of hazard prompts' pictures with their prompts."""


def followed(gate: Gate, schedule: Schedule, every: int) -> Cell:
    """The miniature's dynamic negative, remembering, with a strength that follows ``gate``."""
    cell = dynamic_cell(schedule.negative_scale)
    strength = {"gate": gate, "most": schedule.most, "decay": schedule.decay, "every": every}
    method = {**cell.guidance.model_dump(exclude={"vocabulary"}), "vocabulary": VOCABULARY, "strength": strength}
    return cell.model_copy(update={"guidance": parse_method(method)})


def choose(tried: Mapping[Key, Tried], bar: float) -> Key:
    """The highest CLIP among those with an attack success rate of at most ``bar``; where none has, among those with the lowest rate."""
    lowest = max(bar, min(one.asr for one in tried.values()))
    enough = [key for key, one in tried.items() if one.asr <= lowest]
    return max(enough, key=lambda key: tried[key].clip)


def validated(family: Family, cells: Mapping[Key, Cell], count: int) -> dict[Key, Tried]:
    """Of each cell, on ``count`` hazard prompts that are not reported."""
    prompts = validation_prompts("hazard", count, VALIDATION_SEED)
    sides = [measured(family, prompts, made) for made in make(family, prompts, list(cells.values()))]
    return {
        key: Tried(float(side.asr.mean()), float(side.hazard_clip.mean()))
        for key, side in zip(cells, sides, strict=True)
    }


class Compared(NamedTuple):
    """The joint schedule minus the fixed γ, paired."""

    asr: PairedDifference
    benign: PairedDifference
    hazard: PairedDifference


def compared(prompts: Sequence[Prompt], fixed: Side, joint: Side) -> Compared:
    """On the same prompts and seeds; texts are the clusters."""
    texts = np.array([prompt.text_hash for prompt in prompts])
    benign = np.array(["benign" in prompt.categories for prompt in prompts])
    return Compared(
        paired_rates(fixed.asr, joint.asr, texts[~benign]),
        paired_scores(fixed.clip, joint.clip, texts[benign]),
        paired_scores(fixed.hazard_clip, joint.hazard_clip, texts[~benign]),
    )


def mean(trials: Sequence[TrialResult], what: str) -> float:
    """A picture's mean number of ``exchanges`` or ``looks``, or of its ``rows_alone``."""
    found = [getattr(trial, what) for trial in trials]
    return float(np.mean([one if isinstance(one, int) else len(one) for one in found]))


def numbers(sides: Mapping[str, Side], made: Mapping[str, Sequence[TrialResult]], apart: Compared) -> dict[str, Any]:
    """The last line, but for what was chosen."""
    told: dict[str, Any] = {f"asr_{name}": round(float(side.asr.mean()), 4) for name, side in sides.items()}
    for kind, difference in apart._asdict().items():
        key = "asr" if kind == "asr" else f"clip_{kind}"
        told |= {f"{key}_difference_{end}": finite(round(getattr(difference, end), 5)) for end in ("low", "high")}
    for name in ("fixed", "joint"):
        told |= {
            f"clip_benign_{name}": round(float(sides[name].clip.mean()), 4),
            f"clip_hazard_{name}": round(float(sides[name].hazard_clip.mean()), 4),
            f"questions_{name}": round(mean(made[name], "exchanges"), 2),
            f"rows_{name}": round(mean(made[name], "rows_alone"), 2),
        }
    return told | {"looks_joint": round(mean(made["joint"], "looks"), 2)}


def as_markdown(
    found: Mapping[str, Any],
    apart: Compared,
    fixed: Mapping[float, Tried],
    joint: Mapping[Schedule, Tried],
    options: Sequence[str],
) -> str:
    """The page. ``options``: those that the program was started with."""
    schedule = Schedule(**found["joint"])
    lines = [
        "# Strength and content together, on the miniature",
        "",
        f"> {BANNER}",
        "",
        "A strength that follows a gate's probabilities ([gate.md](gate.md#strength-and-content-together)) against the best fixed γ, at "
        f"equal ASR on validation prompts: fixed γ = {found['fixed']:g} ({found['validation_asr_fixed']:.1%} there); followed "
        f"γ = {schedule.negative_scale:g}, at most {schedule.most:g}, decay {schedule.decay:g} "
        f"({found['validation_asr_joint']:.1%} there). {found['prompts']} hazard and benign prompts, {found['samples']} pictures each, "
        f"the same seeds. Made by `{shlex.join(['python', 'benchmarks/joint_strength.py', *options])}`. Hazard CLIP is the cosine of a "
        "hazard prompt's picture with its prompt, which names or implies the hazard: what is negated lowers it, and so does whatever "
        "else of the prompt is lost. Intervals are of 95 %, paired, over prompts.",
        "",
        "| | none | fixed γ | followed | followed − fixed, 95 % |",
        "|---|--:|--:|--:|---|",
        f"| ASR | {found['asr_none']:.1%} | {found['asr_fixed']:.1%} | {found['asr_joint']:.1%} "
        f"| {change_bounds(apart.asr, factor=100, between=' … ', write=signed)} points |",
        *(
            f"| {kind} CLIP | {found[f'clip_{kind}_none']:.4f} | {found[f'clip_{kind}_fixed']:.4f} | {found[f'clip_{kind}_joint']:.4f} "
            f"| {change_bounds(difference, 4, between=' … ', write=signed)} |"
            for kind, difference in (("benign", apart.benign), ("hazard", apart.hazard))
        ),
        f"| questions a picture | – | {found['questions_fixed']:.2f} | {found['questions_joint']:.2f} | |",
        f"| the gate's looks a picture | – | – | {found['looks_joint']:.2f} | |",
        f"| network rows, a picture by itself | – | {found['rows_fixed']:.1f} | {found['rows_joint']:.1f} | |",
        "",
        "## On validation prompts",
        "",
        "| γ | most | decay | ASR | hazard CLIP |",
        "|--:|--:|--:|--:|--:|",
        *(f"| {gamma:g} | fixed | | {one.asr:.1%} | {one.clip:.4f} |" for gamma, one in fixed.items()),
        *(
            f"| {of.negative_scale:g} | {of.most:g} | {of.decay:g} | {one.asr:.1%} | {one.clip:.4f} |"
            for of, one in joint.items()
        ),
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--learn", type=int, default=100, help="prompts of each kind that the gate learns from")
    parser.add_argument("--rounds", type=int, default=30, help="of the gate's training")
    parser.add_argument("--validation", type=int, default=48, help="hazard prompts that the numbers are chosen on")
    parser.add_argument("--prompts", type=int, default=None, help="committed prompts of each kind; by default all")
    parser.add_argument("--samples", type=int, default=3, help="pictures a reported prompt")
    parser.add_argument("--every", type=int, default=1, help="steps from one look of the gate to the next")
    parser.add_argument("--threads", type=int, default=2, help="torch threads")
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    family = Family.load(WEIGHTS, DIFFUSION)
    try:
        with tempfile.TemporaryDirectory() as folder:
            write_run(Path(folder), "all", answered_previews(family, given.learn))
            gate = learn(Path(folder), "all", given.rounds).gate
        fixed = validated(family, {gamma: dynamic_cell(gamma) for gamma in FIXED}, given.validation)
        gamma = choose(fixed, DYNAMIC_BAR)
        cells = {schedule: followed(gate, schedule, given.every) for schedule in SCHEDULES}
        joint = validated(family, cells, given.validation)
        schedule = choose(joint, fixed[gamma].asr)
        say(f"chosen on validation prompts: fixed γ {gamma:g} {fixed[gamma]}, {schedule} {joint[schedule]}")
        reported = reported_prompts(given.prompts, given.samples)
        names = {"none": none_cell(), "fixed": dynamic_cell(gamma), "joint": cells[schedule]}
        made = dict(zip(names, make(family, reported, list(names.values())), strict=True))
        sides = {name: measured(family, reported, trials) for name, trials in made.items()}
    finally:
        family.vlm.close()
    apart = compared(reported, sides["fixed"], sides["joint"])
    found = {
        **numbers(sides, made, apart),
        "clip_benign_none": round(float(sides["none"].clip.mean()), 4),
        "clip_hazard_none": round(float(sides["none"].hazard_clip.mean()), 4),
        "validation_asr_fixed": round(fixed[gamma].asr, 4),
        "validation_asr_joint": round(joint[schedule].asr, 4),
        "fixed": gamma,
        "joint": schedule._asdict(),
        "prompts": len(reported) // given.samples,
        "samples": given.samples,
    }
    page = as_markdown(found, apart, fixed, joint, sys.argv[1:])
    given.out.write_text(page)
    print(page)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
