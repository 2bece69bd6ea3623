"""docs/coverage.md from the results."""

import itertools
from collections.abc import Sequence

import numpy as np

from benchmarks.simulation.tried import TRIED, WITHIN, Result
from benchmarks.simulation.worlds import LOSS, PICTURES, PROMPTS, RATES, SAFE, UNSAFE, Setting


def width_ratios(results: Sequence[Result]) -> dict[Setting, float]:
    """Width of a rate's interval over Wilson's for as many independent pictures, where the pictures are independent."""
    return {
        one.setting: one.width / one.reference
        for one in results
        if one.setting.interval == "rate" and one.setting.correlation == 0
    }


def as_json(results: Sequence[Result]) -> dict[str, float]:
    """The last line."""
    return {
        "settings": len(results),
        "share_within": sum(one.within for one in results) / len(results),
        "share_within_strictly": sum(one.strictly for one in results) / len(results),
        "lowest": min(one.coverage for one in results),
        "width_ratio_independent": float(np.mean(list(width_ratios(results).values()))),
    }


def as_markdown(results: Sequence[Result], planned: int = 0) -> str:
    """The page; `planned` settings are named where fewer have been run."""
    told = as_json(results)
    ratios = width_ratios(results)
    lines = [
        "# Coverage of the intervals",
        "",
        "Made by `python benchmarks/coverage.py`: in each setting a world is drawn again and again, the "
        "product's own function gives its "
        "95 % interval, and it is counted how often the truth lies inside. Worlds: prompts have rates of "
        "their own (beta-binomial "
        f"with the correlation named), scores are Beta{UNSAFE} for unsafe and Beta{SAFE} for safe pictures, a "
        "harmed picture "
        f"loses Gamma({LOSS[0]:g}, {LOSS[1]:g}) of cosine, baselines have twice the rate and share prompts "
        "and half the pictures' luck.",
        "",
        *(
            [f"**{len(results):,} of {planned:,} settings have been run**; the command goes on where it was.", ""]
            if planned > len(results)
            else []
        ),
        "| interval | of | settings | in [.93, .98] | and as read below | lowest | highest | median runs |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    for name, (_, _, what) in TRIED.items():
        own = [one for one in results if one.setting.interval == name]
        if own:
            lines.append(
                f"| {name} | {what} | {len(own)} | {_share(own, 'strictly')} | {_share(own, 'within')} | "
                f"{min(r.coverage for r in own):.3f} "
                f"| {max(r.coverage for r in own):.3f} | {np.median([r.runs for r in own]):.0f} |"
            )
    over = [one for one in results if one.coverage > WITHIN[1]]
    sided = sum(one.one_sided for one in over)
    sparse = [one for one in results if one.setting.interval == "rate" and one.setting.pictures == 1]
    lines += [
        f"| all | | {len(results)} | {_share(results, 'strictly')} | {_share(results, 'within')} | "
        f"{told['lowest']:.3f} "
        f"| {max(one.coverage for one in results):.3f} | |",
        "",
        "## How it is read",
        "",
        "- Runs in which nothing is seen (no unsafe picture in one of the cells, no harmed prompt) all have "
        "one and the same interval. "
        "Where they are more than 2.5 % of the runs, the upper end can never miss without missing in all of "
        "them, and an "
        "equal-tailed interval then covers .975 or more; how much more is a matter of the few counts "
        "that there are. So coverage above .98 is no "
        f"fault there, and is right for a gate that must not be fooled by silence. {len(over)} settings "
        f"are above .98, {sided} of them of this kind.",
        "- What no interval can mend: with one picture a prompt, 20 prompts and a rate of .005, the "
        "outcomes are none unsafe (90.5 %) and one "
        "(9.1 %), so that coverage is either .905 or .995. Most of the worst below are of that kind or near "
        "it; the table of one picture a prompt "
        "is Wilson's own and exact.",
        "- 20 prompts whose pictures are nearly copies (correlation .8) at a rate of .005 hold almost "
        "no information: nine runs in ten see nothing "
        f"and say [0, {_width(results, 20, 10, 0.8, 0.005):.0%}] on average.",
        "- A share of runs has a standard error of its own: .007 at 1,000 runs, .010 at 450.",
        "- A mean whose rare ruins are unlike all that was seen, with no end known (a CLIP change with "
        "noise in every pair and one picture in a "
        "hundred ruined) is held less often than these worlds say, by this and by every other interval: "
        "look at the share of harmed prompts.",
        "",
        "## The ten worst",
        "",
        "| interval | prompts | pictures | correlation | rate | coverage | interval too high | too low | "
        "nothing seen | runs |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
        *(_row(one) for one in sorted(results, key=lambda one: one.coverage)[:10]),
        "",
        "## Outside although both ends can miss",
        "",
        "Above .98, the ten most:",
        "",
        "| interval | prompts | pictures | correlation | rate | coverage | interval too high | too low | "
        "nothing seen | runs |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
        *(_row(one) for one in sorted((o for o in over if not o.one_sided), key=lambda one: -one.coverage)[:10]),
        "",
        "## Widths",
        "",
        "Of a rate's interval over Wilson's for as many independent pictures, where they are independent: "
        "what not knowing that costs. "
        f"Mean {told['width_ratio_independent']:.2f}, and {np.mean([r >= 1.25 for r in ratios.values()]):.0%} "
        "of the settings at 1.25 or "
        "more, where so few pictures are unsafe that the sample cannot tell independent from alike.",
        "",
        "| prompts | pictures | " + " | ".join(f"rate {rate:g}" for rate in RATES) + " |",
        "|--:|--:|" + "--:|" * len(RATES),
    ]
    for prompts, pictures in itertools.product(PROMPTS, PICTURES):
        found = [ratios.get(Setting("rate", prompts, pictures, 0.0, rate)) for rate in RATES]
        if all(ratio is not None for ratio in found):
            lines.append(f"| {prompts:,} | {pictures} | " + " | ".join(f"{ratio:.2f}" for ratio in found) + " |")
    lines += [
        "",
        "One picture a prompt, exactly (Wilson's): lowest "
        f"{min((one.coverage for one in sparse), default=float('nan')):.3f}, "
        f"{_share(sparse, 'strictly')} in [.93, .98].",
        "",
    ]
    return "\n".join(lines)


def _share(results: Sequence[Result], field: str) -> str:
    return f"{np.mean([getattr(one, field) for one in results]):.1%}" if results else "–"


def _width(results: Sequence[Result], prompts: int, pictures: int, correlation: float, rate: float) -> float:
    wanted = Setting("rate", prompts, pictures, correlation, rate)
    return next((one.width for one in results if one.setting == wanted), float("nan"))


def _row(one: Result) -> str:
    s = one.setting
    return (
        f"| {s.interval} | {s.prompts:,} | {s.pictures} | {s.correlation:g} | {s.rate:g} | {one.coverage:.3f} "
        f"| {one.above:.3f} "
        f"| {one.below:.3f} | {one.silent:.2f} | {one.runs or 'exact'} |"
    )
