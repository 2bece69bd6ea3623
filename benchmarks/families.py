#!/usr/bin/env python3
"""The same methods on the diffusion miniature, the flow miniature and its distilled student: what carries over, at what benign cost.

The engine directly (no Ray), the committed hazard and benign prompts, one cell a method, each model with its own recommended numbers
(miniature.defaults) and with strengths chosen on validation prompts of other texts and seeds. Beside the static negative that is as
safe as the dynamic one stands the strongest whose benign cost is no higher. Writes docs/results-families.md and docs/families.png; the
last line printed is one JSON object with, for each model, ``asr_none``, ``asr_dynamic``, ``asr_static``, ``clip_benign_none``,
``clip_benign_dynamic`` and ``clip_benign_static``.
"""

import argparse
import json
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import matplotlib.pyplot as plt

from benchmarks.methods_miniature import BANNER, make_cells
from benchmarks.paired_methods import Row, measure_methods, table_lines
from miniature import WEIGHTS
from miniature.defaults import MINIATURES, Miniature
from miniature.family import Family, check_weights
from miniature.prompt_sets import FOLDER, validation_prompts
from miniature.quality import choose_scales, dynamic_cell, none_cell, run_cells, static_cell, validate
from safesweep.errors import InputError
from safesweep.guidance.cell import Cell
from safesweep.measures.compare import PairedDifference, paired_rates
from safesweep.prompts.reader import read_prompts
from safesweep.reports.text import change_bounds, p_value
from safesweep.types import Picture, Prompt

PAGE, FIGURE = ROOT / "docs" / "results-families.md", ROOT / "docs" / "families.png"
CHEAP_SHARES = (0.125, 0.25, 0.375, 0.5, 0.75, 1.0, 1.5)
"""Of the smallest γ tried for safety: the static γ among which the strongest is sought that costs benign pictures no more than the dynamic
negative does."""
CHEAP_MARGIN = 0.005
"""Of the benign cosine of *none*: what such a static negative may cost more on validation prompts."""
SHOWN = 3
"""Hazard prompts, one of each kind, and as many benign ones in the figure."""


class Measured(NamedTuple):
    """What was found on one model."""

    of: Miniature
    scales: dict[str, float]
    """"dynamic", "static" and "cheap" -> γ."""
    names: dict[str, str]
    """"none", "dynamic", "static", "cheap" -> the method's name in ``rows``."""
    rows: dict[str, Row]
    chosen_on: str
    """How many validation prompts the strengths were chosen on."""
    refused: dict[str, str]
    """Method -> why this model cannot have it."""
    dynamic_less: PairedDifference
    """ASR of the dynamic negative less that of the static one of like benign cost."""
    pictures: dict[str, list[Picture]]
    """"none", "dynamic", "static", "cheap" -> pictures of the prompts that the figure shows."""


def cheapest_strong(family: Family, dynamic: float, validation: int) -> float:
    """The largest γ of ``CHEAP_SHARES`` whose static negative costs benign validation prompts no more than the dynamic one does.

    Where each costs more, the smallest.
    """
    of = family.of
    scales = [share * of.negative_scales["static_negative"][0] for share in CHEAP_SHARES]
    prompts = validation_prompts("benign", validation, 0)
    cells = [none_cell(of), dynamic_cell(dynamic, of), *(static_cell(gamma, of) for gamma in scales)]
    results, _ = run_cells(family, prompts, cells)
    texts = family.clip.texts([prompt.text for prompt in prompts])
    none, least, *others = (
        float((family.clip.pictures(_pictures(results, place)) * texts).sum(axis=1).mean())
        for place in range(len(cells))
    )
    cheap = [gamma for gamma, mean in zip(scales, others, strict=True) if mean >= least - CHEAP_MARGIN * none]
    return max(cheap, default=scales[0])


def _pictures(results: Sequence[Sequence[Any]], place: int) -> list[Picture]:
    return [trials[place].picture for trials in results]


def allowed(cells: Mapping[str, Cell], family: Family) -> tuple[dict[str, Cell], dict[str, str]]:
    """The cells that a model can have, and of the others why it cannot."""
    kept, refused = {}, {}
    for name, cell in cells.items():
        try:
            if cell.edit is not None:
                cell.edit.check_family(type(family.diffusion))
            kept[name] = cell
        except ValueError as error:
            refused[name] = str(error)
    return kept, refused


def measure(
    family: Family,
    hazard: Sequence[Prompt],
    benign: Sequence[Prompt],
    validation: int | None,
    given: Mapping[str, float] | None = None,
) -> Measured:
    """All methods on one model, on the same prompts and seeds.

    ``given``: γ of "dynamic" and "static" where they have been chosen already, as the model's report does.
    """
    of = family.of
    validation = of.validation if validation is None else validation
    scales = (
        dict(given)
        if given
        else choose_scales(validate(family, validation_prompts("hazard", validation, 0)), of.dynamic_bar)
    )
    scales["cheap"] = cheapest_strong(family, scales["dynamic"], validation)
    cells, refused = allowed(make_cells(scales["static"], scales["dynamic"], of), family)
    names = {
        "none": "none",
        "static": f"static negative γ={scales['static']:g}",
        "cheap": f"static negative γ={scales['cheap']:g}",
        "dynamic": f"dynamic negative γ={scales['dynamic']:g}, remembering",
    }
    cells.setdefault(names["cheap"], static_cell(scales["cheap"], of))
    made = measure_methods(family, hazard, benign, cells)
    looked_at = [*range(SHOWN), *range(len(hazard), len(hazard) + SHOWN)]
    return Measured(
        of,
        scales,
        names,
        made.rows,
        f"{of.validation}, the cheap one on {validation}" if given else f"{validation}",
        refused,
        paired_rates(made.unsafe[names["cheap"]], made.unsafe[names["dynamic"]], [one.text_hash for one in hazard]),
        {
            role: [made.pictures[name][row] for row in looked_at if row < len(made.pictures[name])]
            for role, name in names.items()
        },
    )


def section(found: Measured) -> list[str]:
    """One model's part of the page."""
    of = found.of
    embedded = "" if of.embedded_guidance is None else f", embedded guidance {of.embedded_guidance:g}"
    lines = [
        f"## {of.name}",
        "",
        f"{of.steps} steps of {of.solver}, g = {of.guidance_scale:g}{embedded}.",
        "",
        *table_lines(found.rows),
        "",
        *(f"*{name}* is refused there: {why}." for name, why in found.refused.items()),
    ]
    less = found.dynamic_less
    lines += [
        "",
        f"At like benign cost: {found.names['dynamic']} against {found.names['cheap']}, ASR {less.difference:+.3f} "
        f"({change_bounds(less, 3, between=' … ')}), p {p_value(less.p_value)}.",
        "",
    ]
    return lines


def _validation(measured: Sequence[Measured]) -> str:
    return ", ".join(f"{found.of.name}: {found.chosen_on}" for found in measured)


def as_markdown(measured: Sequence[Measured], hazard: int, benign: int, options: Sequence[str], said: str) -> str:
    """The page. ``options``: those that the program was started with; ``said``: what a person who looked wrote, kept."""
    command = shlex.join(["python", "benchmarks/families.py", *options])
    roles = {
        "none": "none",
        "dynamic": "dynamic, remembering",
        "static": "static, as safe",
        "cheap": "static, as cheap",
    }
    lines = [
        "# The methods on three kinds of model",
        "",
        f"> {BANNER}",
        "",
        f"{hazard} hazard prompts and {benign} benign ones, one picture each, the same seeds for every method; made by `{command}`. "
        f"Strengths are chosen for each model on prompts of each kind whose texts are none of these ({_validation(measured)}): "
        "the dynamic γ as the weakest that is safe enough, the static one *as safe* as it, and the strongest static one *as cheap* on "
        "benign prompts. "
        "Intervals are 95 %, changes are paired with *none* by prompt, p is Holm's over a model's methods. SLD's presets start their "
        "guidance at steps 15, 10, 7 and 0 whatever the number of steps is. The distilled model takes its guidance scale as an input; "
        "*v of the empty prompt*, which negatives are measured from, is what that model itself makes of it. At g = 1 an ordinary "
        "negative prompt has no effect there, as in diffusers.",
        "",
        "| | " + " | ".join(f"{found.of.name}: ASR | benign CLIP" for found in measured) + " |",
        "|---|" + "--:|--:|" * len(measured),
    ]
    for role, name in roles.items():
        rows = [found.rows[found.names[role]] for found in measured]
        lines.append(f"| {name} | " + " | ".join(f"{row.asr.estimate:.3f} | {row.clip:.3f}" for row in rows) + " |")
    lines += ["", f"![pictures]({FIGURE.name})", "", BEGIN, said, END, ""]
    for found in measured:
        lines += section(found)
    return "\n".join(lines)


BEGIN, END = "<!-- read by a person: begin -->", "<!-- read by a person: end -->"


def written(page: Path) -> str:
    """What stands between the page's markers, a person's own words; empty where there is no page."""
    if not page.exists() or BEGIN not in page.read_text():
        return ""
    return page.read_text().split(BEGIN, 1)[1].split(END, 1)[0].strip("\n")


def draw(measured: Sequence[Measured], prompts: Sequence[Prompt], path: Path) -> None:
    """Pictures of the same prompts and seeds: a row a model and role, a column a prompt."""
    rows = [(found, role) for found in measured for role in found.pictures]
    figure, axes = plt.subplots(
        len(rows), len(prompts), figsize=(1.3 * len(prompts) + 1.5, 1.2 * len(rows)), squeeze=False
    )
    for line, (found, role) in zip(axes, rows, strict=True):
        for axis, picture in zip(line, found.pictures[role], strict=True):
            axis.imshow(picture)
            axis.set(xticks=[], yticks=[])
        line[0].set_ylabel(f"{found.of.name}\n{role}", rotation=0, ha="right", va="center", fontsize=8)
    for axis, prompt in zip(axes[0], prompts, strict=True):
        axis.set_title(prompt.text, fontsize=6, wrap=True)
    figure.tight_layout()
    figure.savefig(path, dpi=100)
    plt.close(figure)


def as_json(measured: Sequence[Measured]) -> dict[str, dict[str, float]]:
    """The last line."""
    return {
        found.of.name: {
            f"asr_{role}": found.rows[found.names[role]].asr.estimate for role in ("none", "dynamic", "static")
        }
        | {f"clip_benign_{role}": found.rows[found.names[role]].clip for role in ("none", "dynamic", "static")}
        for found in measured
    }


def trained() -> list[str]:
    """The models whose weights are there; says which are not."""
    found = []
    for name, of in MINIATURES.items():
        try:
            check_weights(WEIGHTS, of)
            found.append(name)
        except InputError as error:
            print(f"{name} is left out: {error}", flush=True)
    return found


def _chosen(text: str) -> tuple[str, dict[str, float]]:
    name, _, both = text.partition("=")
    dynamic, _, static = both.partition(",")
    if name not in MINIATURES:
        raise argparse.ArgumentTypeError(f"{name!r} is no model; allowed: {', '.join(MINIATURES)}")
    return name, {"dynamic": float(dynamic), "static": float(static)}


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--families",
        nargs="+",
        choices=list(MINIATURES),
        help="by default those whose weights are there; the others are named",
    )
    parser.add_argument("--prompts", type=int, default=None, help=f"prompts a set, at least {SHOWN}; by default all")
    parser.add_argument(
        "--validation",
        type=int,
        help="prompts of each kind that strengths are chosen on; by default as many as each model wants",
    )
    parser.add_argument(
        "--gamma",
        nargs="+",
        type=_chosen,
        default=[],
        metavar="MODEL=DYNAMIC,STATIC",
        help="γ that `python -m miniature.report --family MODEL` has chosen by the same rule; by default they are chosen here",
    )
    parser.add_argument("--out", type=Path, default=PAGE)
    arguments = parser.parse_args()
    hazard = read_prompts(FOLDER / "hazard.csv", limit=arguments.prompts).prompts
    benign = read_prompts(FOLDER / "benign.csv", limit=arguments.prompts).prompts
    measured = []
    for name in arguments.families or trained():
        family = Family.load(WEIGHTS, MINIATURES[name])
        try:
            given = dict(arguments.gamma).get(name)
            measured.append(measure(family, hazard, benign, arguments.validation, given))
        finally:
            family.vlm.close()
        print(f"{name}: γ {measured[-1].scales}", flush=True)
    page = as_markdown(measured, len(hazard), len(benign), sys.argv[1:], written(arguments.out))
    arguments.out.write_text(page)
    draw(measured, [*hazard[:SHOWN], *benign[:SHOWN]], arguments.out.with_name(FIGURE.name))
    print(page)
    print(json.dumps(as_json(measured)))


if __name__ == "__main__":
    main()
