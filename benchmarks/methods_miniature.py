#!/usr/bin/env python3
"""All methods on the miniature, same prompts and seeds: what each does to the attack success rate, at what cost.

The engine directly (no Ray), the committed hazard and benign prompts, one cell a method. Strengths are chosen on validation prompts
beforehand (miniature.quality), whose texts are none of these; the directions are those that ``safesweep discover`` found. Writes
docs/results-miniature.md, which says with which options; the last line printed is one JSON object with, by method, ``asr``,
``asr_interval``, ``clip_benign_change``, ``clip_benign_change_interval``, ``rows_per_picture``, ``questions_per_picture``, and with
``deviation_ratio_before`` and ``…_after``.
"""

import argparse
import json
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np
import pandas as pd

from benchmarks.paired_methods import percent
from benchmarks.rivals import choose, rivals
from miniature import WEIGHTS
from miniature.defaults import DIFFUSION, DYNAMIC_BAR, GUIDANCE_SCALE, NEGATIVE_SCALES, STEPS, Miniature
from miniature.family import Family, hazards
from miniature.prompt_sets import FOLDER, HAZARD_KINDS, validation_prompts
from miniature.quality import VOCABULARY, choose_scales, make_cell, run_cells, validate
from miniature.world import HAZARDS
from safesweep.engine.trajectory import TrialResult
from safesweep.files import finite
from safesweep.guidance.cell import Cell
from safesweep.guidance.edits.attribute_directions import AttributeDirections
from safesweep.guidance.methods.sld import PRESETS
from safesweep.measures.bias_clip import ClipStrata, clip_strata
from safesweep.measures.compare import PairedDifference, paired_scores
from safesweep.measures.deviation import mean_deviation_ratio
from safesweep.measures.evenness import Evenness, evenness
from safesweep.measures.intervals import Interval, rate_interval
from safesweep.prompts.reader import read_prompts
from safesweep.reports.text import DASH, bounds, change_bounds, p_value
from safesweep.types import Prompt

OUT = ROOT / "docs" / "results-miniature.md"
BANNER = "Miniature: these numbers are about the miniature's drawn world, not about any real model."
NEGATIVE = VOCABULARY.negative_prompt(VOCABULARY.all_terms())
CONDITIONAL = {"edit": "conditional_region", "direction": "hazard"}
HAT = {"edit": "attribute_directions", "directions": ["hat", "no-hat"], "strength": 2.0, "start_step": 0}
DRAWS = AttributeDirections.model_validate(HAT)
SAID = {"hat": " with a hat", "no-hat": " without a hat"}
"""What a caption says where it names the value that a direction stands for."""
SAMPLES = 10
"""Pictures a profession's caption."""
VALIDATION = 48
RIVALS_NOTE = (
    "",
    "STG is guided by the CLIP that the benign change is measured with; a gradient counts as three rows. DNG, CRG, the safe denoiser and "
    "STG have the strength that the static negative's rule gives them on the validation prompts.",
)
Name = TypeVar("Name")


class Row(NamedTuple):
    """One method's line."""

    asr: Interval
    by_kind: dict[str, float]
    change: PairedDifference
    """Of the benign cosine."""
    base: float
    """The benign cosine of the cell that it is compared with."""
    rows: float
    questions: float

    @property
    def relative_change(self) -> float:
        """Of the mean benign cosine."""
        return self.change.difference / self.base

    def bounds(self, digits: int) -> str:
        """Of the same, in percent; where no pair differs, how many prompts may at most."""
        return change_bounds(self.change, digits, factor=100 / self.base, between=" … ", write=percent)

    def numbers(self) -> dict[str, Any]:
        """As the benchmarks' last lines write them."""
        return {
            "asr": self.asr.estimate,
            "asr_interval": [self.asr.low, self.asr.high],
            "clip_benign_change": self.relative_change,
            "clip_benign_change_interval": [finite(end / self.base) for end in (self.change.low, self.change.high)],
            "clip_benign_changed_at_most": finite(self.change.at_most),
            "rows_per_picture": self.rows,
            "questions_per_picture": self.questions,
        }


def make_cells(static: float, dynamic: float, of: Miniature = DIFFUSION) -> dict[str, Cell]:
    """Name in the table -> cell of a miniature; ``static`` and ``dynamic`` are the γ chosen on validation prompts.

    The edits along found directions are the diffusion model's alone: a direction belongs to the encoder that it was found on.
    """
    none = {"method": "none"}
    asking = {"method": "dynamic_negative", "negative_scale": dynamic, "vocabulary": VOCABULARY, **of.queries}
    remembering = {**asking, "remember": True}
    safree = {"edit": "safree", "concepts": HAZARDS}
    negative = {"negative_prompt": NEGATIVE}
    guided: dict[str, dict[str, Any]] = {
        "none": none,
        f"static negative γ={static:g}": {"method": "static_negative", "negative_scale": static, **negative},
        "ordinary negative prompt": {"method": "negative_prompt", **negative},
        f"Perp-Neg γ={static:g}": {"method": "perp_neg", "negative_scale": static, **negative},
        **{f"SLD {preset}": {"method": "sld", "preset": preset, "concept": NEGATIVE} for preset in PRESETS},
    }
    edited: dict[str, dict[str, Any]] = {
        "SAFREE": safree,
        "SAFREE without negative": {**safree, "concepts_as_empty": False},
    }
    if of is DIFFUSION:
        edited["safe region (published shift)"] = {"edit": "safe_region", "direction": "hazard-shift", "start_step": 4}
        edited["conditional region"] = CONDITIONAL
    asked = {
        f"dynamic negative γ={dynamic:g}": asking,
        f"dynamic negative γ={dynamic:g}, remembering": remembering,
        f"joint schedule γ={dynamic:g}, remembering": {**remembering, "schedule": {}},
    }
    cells = {name: make_cell(method, of) for name, method in guided.items()}
    cells |= {name: make_cell(none, of, edit) for name, edit in edited.items()}
    cells |= {name: make_cell(method, of) for name, method in asked.items()}
    if of is DIFFUSION:
        cells[f"conditional region + dynamic γ={dynamic:g}"] = make_cell(asking, of, CONDITIONAL)
    return cells


def measure(family: Family, prompts: Sequence[Prompt], cells: dict[Name, Cell]) -> dict[Name, Row]:
    """One row a cell, all on the same prompts and seeds; the first cell is what benign CLIP is compared with."""
    results, _ = run_cells(family, prompts, list(cells.values()))
    texts = family.clip.texts([prompt.text for prompt in prompts])
    keys = np.array([prompt.text_hash for prompt in prompts])
    benign = np.array(["benign" in prompt.categories for prompt in prompts])
    kinds = {kind: np.array([kind in prompt.categories for prompt in prompts]) for kind in HAZARD_KINDS}
    rows: dict[Name, Row] = {}
    plain: np.ndarray[Any, Any] | None = None
    for place, name in enumerate(cells):
        trials = [of_prompt[place] for of_prompt in results]
        pictures = [trial.picture for trial in trials if trial.picture is not None]
        unsafe = np.array([bool(hazards(labels)) for labels in family.classifier.shown(pictures)], dtype=float)
        cosines = (family.clip.pictures(pictures) * texts).sum(axis=1)
        plain = cosines if plain is None else plain
        paired = paired_scores(plain[benign], cosines[benign], keys[benign])
        base = float(plain[benign].mean())
        rows[name] = Row(
            asr=rate_interval(unsafe[~benign], keys[~benign]),
            by_kind={kind: float(unsafe[of].mean()) for kind, of in kinds.items()},
            change=paired,
            base=base,
            rows=_mean(trials, "rows_alone"),
            questions=float(np.mean([len(trial.exchanges) for trial in trials])),
        )
    return rows


def _mean(trials: Sequence[TrialResult], field: str) -> float:
    return float(np.mean([getattr(trial, field) for trial in trials]))


def measure_bias(family: Family, samples: int) -> dict[str, Any]:
    """Mean deviation ratio of the professions, and CLIP's cosines, without an edit, with one, and where the caption itself says the value.

    The miniature's CLIP learned the professions with their hats, so that its cosine with the bare caption falls for any picture that
    goes against the bias, however well it is drawn; ``profession_clip_*`` is therefore taken with the mean of the captions that name
    a value, and ``caption_clip_*`` is the bare one's.
    """
    written = read_prompts(FOLDER / "professions.csv").prompts
    prompts = [replace(prompt, seed=prompt.seed + n) for prompt in written for n in range(samples)]
    plain = make_cell({"method": "none"})
    edited, _ = run_cells(family, prompts, [plain, make_cell({"method": "none"}, edit=HAT)])
    saying = [replace(prompt, text=f"{prompt.text}{SAID[DRAWS.drawn(prompt.seed).name]}") for prompt in prompts]
    said, _ = run_cells(family, saying, [plain])
    pictures = {
        "before": [of[0].picture for of in edited],
        "after": [of[1].picture for of in edited],
        "said": [of[0].picture for of in said],
    }
    captions = [prompt.text for prompt in prompts]
    bare, hat, without = (family.clip.texts([f"{one}{ending}" for one in captions]) for ending in ("", *SAID.values()))
    profession = hat + without
    profession /= np.linalg.norm(profession, axis=1, keepdims=True)
    found: dict[str, Any] = {}
    shown: dict[str, pd.DataFrame] = {}
    for name, made in pictures.items():
        seen = family.clip.pictures([picture for picture in made if picture is not None])
        wears = (seen * hat).sum(axis=1) > (seen * without).sum(axis=1)
        shown[name] = pd.DataFrame(
            {
                "profession": [prompt.categories[-1] for prompt in prompts],
                "attribute": np.where(wears, 0.0, 1.0),
                "prompt_hash": [prompt.text_hash for prompt in prompts],
                "seed": [prompt.seed for prompt in prompts],
                "sample_index": 0,
                "cosine": (seen * bare).sum(axis=1),
                "named": (seen * profession).sum(axis=1),
            }
        )
        counts: dict[str, list[int]] = {}
        for prompt, one in zip(prompts, wears, strict=True):
            row = counts.setdefault(prompt.categories[-1], [0, 0])
            row[0 if one else 1] += 1
        found[f"deviation_ratio_{name}"] = mean_deviation_ratio(counts).mean
        found[f"evenness_{name}"] = evenness(counts)
        found[f"strata_{name}"] = clip_strata(shown[name], shown["before"])
        found[f"profession_clip_{name}"] = float((seen * profession).sum(axis=1).mean())
        found[f"caption_clip_{name}"] = float((seen * bare).sum(axis=1).mean())
        found[f"hats_{name}"] = {who: row[0] / sum(row) for who, row in counts.items()}
    return found


def table_lines(rows: dict[str, Row]) -> list[str]:
    """The table of methods; the first row is the one that the others are compared with."""
    lines = [
        "| method | ASR | 95 % | plain | code word | scene | benign CLIP change | 95 % | rows a picture | questions a picture |",
        "|---|--:|---|--:|--:|--:|--:|---|--:|--:|",
    ]
    for name, row in rows.items():
        kinds = " | ".join(f"{row.by_kind[kind]:.2f}" for kind in HAZARD_KINDS)
        itself = row is next(iter(rows.values()))
        lines.append(
            f"| {name} | {row.asr.estimate:.3f} | {row.asr.low:.3f} … {row.asr.high:.3f} | {kinds} | {row.relative_change:+.2%} "
            f"| {DASH if itself else row.bounds(2)} | {row.rows:.1f} | {row.questions:.1f} |"
        )
    return lines


def as_markdown(
    rows: dict[str, Row], bias: dict[str, Any], hazard: int, benign: int, samples: int, options: Sequence[str] = ()
) -> str:
    """The page. ``options``: those that the program was started with."""
    command = shlex.join(["python", "benchmarks/methods_miniature.py", *options])
    lines = [
        "# The methods on the miniature",
        "",
        f"> {BANNER}",
        "",
        f"{hazard} hazard prompts (plain, code word, scene) and {benign} benign ones, one picture each, the same seeds for every method; "
        f"{STEPS} steps, g = {GUIDANCE_SCALE:g}. Made by `{command}`, which unless told takes all prompts of both sets and chooses the "
        f"negatives' γ on {VALIDATION} prompts of other texts and seeds. ASR with its 95 % interval; the benign CLIP change is relative to "
        "*none*, paired by prompt. Rows are what a picture takes when it is made alone; in a grid cells share many of them.",
        "",
        *table_lines(rows),
        *(RIVALS_NOTE if any(name.startswith("STG") for name in rows) else ()),
        "",
        "## Social bias",
        "",
        f"Eight professions, hat or no hat by CLIP, {samples} pictures a caption. *drawn direction*: one of the two directions for each "
        "picture, drawn from its seed. *said in the caption*: the same draw, as words, the most that an edit could do. *By chance*: the "
        "deviation ratio of as many fair coins; *without chance*: root of the unbiased mean square of the deviation; *p*: of as uneven "
        "a split if every profession is even.",
        "",
        "| pictures | deviation ratio | by chance | without chance | 95 % | p |",
        "|---|--:|--:|--:|---|--:|",
    ]
    names = {"before": "no edit", "after": "drawn direction", "said": "said in the caption"}
    for key, name in names.items():
        even: Evenness = bias[f"evenness_{key}"]
        own = even.deviation
        lines.append(
            f"| {name} | {bias[f'deviation_ratio_{key}']:.2f} | {even.by_chance:.2f} | {own.estimate:.2f} "
            f"| {bounds(own.low, own.high, 2, between=' … ')} | {p_value(even.p_value)} |"
        )
    lines += [
        "",
        "CLIP is the cosine with the profession: with the mean of the captions that name a value; *bare* is the caption as it is, whose "
        "cosine falls for every picture that goes against the bias, since the miniature's CLIP learned builders with their hats. A "
        "change of the mean is a mixture: pictures that *keep* their profession's usual value, and those *against* it.",
        "",
        "| pictures | which | pairs | CLIP change | 95 % | bare change | 95 % |",
        "|---|---|--:|--:|---|--:|---|",
    ]
    for key in ("after", "said"):
        strata: ClipStrata = bias[f"strata_{key}"]
        for which, stratum in strata._asdict().items():
            boxes = " | ".join(
                f"{one.percent[0]:+.1f}% | {change_bounds(one.paired, factor=100 / one.baseline, between=' … ', write=percent)}"
                for one in (stratum.named, stratum.caption)
            )
            lines.append(f"| {names[key]} | {which} | {stratum.named.paired.pairs} | {boxes} |")
    lines.append("")
    return "\n".join(lines)


def as_json(rows: dict[str, Row], bias: dict[str, Any]) -> dict[str, Any]:
    """The last line."""
    told: dict[str, Any] = {name: row.numbers() for name, row in rows.items()}
    for key, value in bias.items():
        if isinstance(value, Evenness):
            told[key] = {
                "by_chance": value.by_chance,
                "without_chance": value.deviation.estimate,
                "interval": [value.deviation.low, value.deviation.high],
                "p": value.p_value,
            }
        elif isinstance(value, ClipStrata):
            told[key] = {
                which: {name: [finite(end) for end in one.percent] for name, one in stratum._asdict().items()}
                for which, stratum in value._asdict().items()
            }
        else:
            told[key] = value
    return told


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prompts", type=int, default=None, help="prompts a set; by default all")
    parser.add_argument(
        "--scales",
        type=float,
        nargs=2,
        metavar=("STATIC", "DYNAMIC"),
        help="γ of the negatives, by default chosen on validation prompts; `make miniature-report` prints those it has chosen",
    )
    parser.add_argument(
        "--rivals",
        choices=("with", "alone", "without"),
        default="with",
        help="DNG, CRG, the safe denoiser and STG: beside the rest; by themselves, whose lines are printed and no page is written; not",
    )
    parser.add_argument("--validation", type=int, default=VALIDATION, help="prompts that strengths are chosen on")
    parser.add_argument("--samples", type=int, default=SAMPLES, help="pictures a profession's caption")
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    family = Family.load(WEIGHTS)
    try:
        validation = validation_prompts("hazard", arguments.validation, 0)
        rate = DYNAMIC_BAR
        if arguments.scales is None:
            rates = validate(family, validation)
            chosen = choose_scales(rates)
            rate = rates["dynamic"][chosen["dynamic"]]
            print(f"γ chosen on validation prompts among {NEGATIVE_SCALES}: {chosen}", flush=True)
        else:
            chosen = dict(zip(("static", "dynamic"), arguments.scales, strict=True))
        hazard = read_prompts(FOLDER / "hazard.csv", limit=arguments.prompts).prompts
        benign = read_prompts(FOLDER / "benign.csv", limit=arguments.prompts).prompts
        prompts, cells = [*hazard, *benign], make_cells(chosen["static"], chosen["dynamic"])
        if arguments.rivals == "without":
            rows = measure(family, prompts, cells)
        else:
            with rivals(family) as found:
                theirs = choose(family, found, validation, rate)
                ours = cells if arguments.rivals == "with" else {"none": cells["none"]}
                rows = measure(family, prompts, {**ours, **theirs})
        if arguments.rivals == "alone":
            print("\n".join(table_lines(rows)))
            print(json.dumps({name: row.numbers() for name, row in rows.items()}))
            return
        bias = measure_bias(family, arguments.samples)
    finally:
        family.vlm.close()
    page = as_markdown(rows, bias, len(hazard), len(benign), arguments.samples, sys.argv[1:])
    arguments.out.write_text(page)
    print(page)
    print(json.dumps(as_json(rows, bias)))


if __name__ == "__main__":
    main()
