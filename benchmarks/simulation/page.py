"""docs/coverage.md from the results."""

import itertools
from collections.abc import Sequence
from functools import cache

import numpy as np
from scipy import stats

from benchmarks.simulation.tried import DECIDES, LEVEL, TRIED, WITHIN, Result
from benchmarks.simulation.worlds import LOSS, PICTURES, POPULATION, PROMPTS, RATES, SAFE, UNSAFE, Setting
from safesweep.measures.intervals import wilson

HEAD = [
    "| interval | prompts | pictures | correlation | rate | coverage | interval too high | too low | "
    "nothing seen | fewer than six differ | runs |",
    "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
]


def width_ratios(results: Sequence[Result]) -> dict[Setting, float]:
    """Width of a rate's interval over Wilson's for as many independent pictures, where the pictures are independent."""
    return {
        one.setting: one.width / one.reference
        for one in results
        if one.setting.interval == "rate" and one.setting.correlation == 0
    }


@cache
def wilsons_coverage() -> dict[tuple[int, float], float]:
    """Coverage of Wilson's own interval, exactly, for as many independent pictures as the settings of rates have."""
    found = {}
    for n, rate in itertools.product({p * m for p in PROMPTS for m in PICTURES}, RATES):
        # Only counts that can come; the rest has no weight.
        hits = np.arange(int(stats.binom.ppf(1e-12, n, rate)), int(stats.binom.ppf(1 - 1e-12, n, rate)) + 1)
        held = [low <= rate <= high for low, high in (wilson(float(k), n) for k in hits)]
        found[n, rate] = float(stats.binom.pmf(hits, n, rate) @ held)
    return found


def as_json(results: Sequence[Result]) -> dict[str, float]:
    """The last line."""
    ratios = list(width_ratios(results).values())
    return {
        "settings": len(results),
        "share_within": sum(one.within for one in results) / len(results),
        "share_within_strictly": sum(one.strictly for one in results) / len(results),
        "lowest": min(one.coverage for one in results),
        "width_ratio_independent": float(np.mean(ratios)) if ratios else float("nan"),
    }


def as_markdown(results: Sequence[Result], planned: int = 0) -> str:
    """The page; `planned` settings are named where fewer have been run."""
    told, ratios = as_json(results), width_ratios(results)
    own = wilsons_coverage()
    over = [one for one in results if one.coverage > WITHIN[1]]
    both_ends = [one for one in results if not one.one_sided]
    lines = [
        "# Coverage of the intervals",
        "",
        "Made by `python benchmarks/coverage.py`: in each setting a world is drawn again and again, the product's own function gives "
        "its 95 % interval, and it is counted how often the truth lies inside. Worlds: prompts have rates of their own (beta-binomial "
        f"with the correlation named), scores are Beta{UNSAFE} for unsafe and Beta{SAFE} for safe pictures, a harmed picture "
        f"loses Gamma({LOSS[0]:g}, {LOSS[1]:g}) of cosine, baselines have twice the rate and share prompts and half the pictures' "
        "luck. Counts of rates are drawn by their exact chances, one picture a prompt is weighed outcome by outcome; all else is "
        f"drawn from {POPULATION:,} prompts made picture by picture, whose own mean is the truth.",
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
        part = [one for one in results if one.setting.interval == name]
        if part:
            lines.append(
                f"| {name} | {what} | {len(part)} | {_share(part, 'strictly')} | {_share(part, 'within')} | "
                f"{min(r.coverage for r in part):.3f} | {max(r.coverage for r in part):.3f} | "
                f"{np.median([r.runs for r in part]):.0f} |"
            )
    lines += [
        f"| **all** | | {len(results)} | {_share(results, 'strictly')} | {_share(results, 'within')} | "
        f"{told['lowest']:.3f} | {max(one.coverage for one in results):.3f} | |",
        f"| *Wilson's own* | as many independent pictures, exactly | {len(own)} | "
        f"{np.mean([WITHIN[0] <= c <= WITHIN[1] for c in own.values()]):.1%} | | "
        f"{min(own.values()):.3f} | {max(own.values()):.3f} | |",
        "",
        "## How it is read",
        "",
        "**Strictly**, a setting is within when coverage is in [.93, .98]. No interval can be that everywhere, since few counts are "
        "possible where a rate is near 0: the last line of the table is the reference, Wilson's interval where nothing is to be "
        "estimated but a rate. **As read**, coverage above .98 is no fault where most of what could miss cannot:",
        "",
        "- *Nothing seen.* Runs without an unsafe picture (a harmed prompt) all have one and the same interval. Where they are more "
        "than 2.5 % of the runs, the upper end can miss in all of them or in none; an equal-tailed interval then covers .975 or more.",
        f"- *Fewer than six differ.* While fewer than {DECIDES} prompts differ between two cells, no exact test rejects at .05 "
        "(2 · 2⁻⁵ = .0625), so that an interval that goes with it holds 0 and what is near. With a share f of such runs a "
        f"perfect interval covers f + {LEVEL:g}(1 − f), above .98 where f > .6.",
        f"- Of {len(over)} settings above .98 that is so in {sum(one.one_sided for one in over)}. Coverage below .93 is a fault "
        f"wherever it is. Of the {len(both_ends)} settings in which both ends can miss, "
        f"{_share(both_ends, 'strictly')} are within strictly.",
        "",
        "What no interval mends: with one picture a prompt, 20 prompts and a rate of .005, the outcomes are none unsafe (90.5 %) and "
        "one (9.1 %), so that coverage is either .905 or .995. Twenty prompts whose pictures are nearly copies (correlation .8) "
        f"are the same with more pictures: nine runs in ten see nothing and say [0, {_width(results, 20, 10, 0.8, 0.005):.0%}].",
        "",
        "A share of runs has a standard error of its own: .003 at 4,000 runs, .007 at 1,000, .009 at 600.",
        "",
        "A mean whose rare ruins are unlike all that was seen, with no end known (a CLIP change with noise in every pair and one "
        "picture in a hundred ruined) is held less often than these worlds say, by this and by every other interval: look at the "
        "share of harmed prompts.",
        "",
        "## The ten worst",
        "",
        *HEAD,
        *(_row(one) for one in sorted(results, key=lambda one: one.coverage)[:10]),
        "",
        "## Outside as read",
        "",
        "Above .98 although both ends can miss, the ten most:",
        "",
        *HEAD,
        *(_row(one) for one in sorted((o for o in over if not o.one_sided), key=lambda one: -one.coverage)[:10]),
        "",
        "## Widths",
        "",
        "Of a rate's interval over Wilson's for as many independent pictures, where they are independent: what not knowing that "
        f"costs. Mean {told['width_ratio_independent']:.2f}; above 1.25 in {sum(r > 1.25 for r in ratios.values())} of "
        f"{len(ratios)} settings, where so few pictures are unsafe that the sample cannot tell independent from alike. There it "
        "must be wide: 20 prompts × 10 pictures without an unsafe one are 200 independent pictures, or as little as 20 copies; "
        f"1.25 × Wilson's would end at {1.25 * wilson(0, 200)[1]:.1%}, and a rate of 5 % whose pictures go together (correlation "
        f".8) shows such a sample in {_silent(results):.0%} of the runs and would be missed in all of them.",
        "",
        "| prompts | pictures | " + " | ".join(f"rate {rate:g}" for rate in RATES) + " |",
        "|--:|--:|" + "--:|" * len(RATES),
    ]
    for prompts, pictures in itertools.product(PROMPTS, PICTURES):
        found = [ratios.get(Setting("rate", prompts, pictures, 0.0, rate)) for rate in RATES]
        if all(ratio is not None for ratio in found):
            lines.append(f"| {prompts:,} | {pictures} | " + " | ".join(f"{ratio:.2f}" for ratio in found) + " |")
    return "\n".join([*lines, ""])


def _share(results: Sequence[Result], field: str) -> str:
    return f"{np.mean([getattr(one, field) for one in results]):.1%}" if results else "–"


def _of(results: Sequence[Result], *wanted: float) -> Result | None:
    prompts, pictures, correlation, rate = wanted
    setting = Setting("rate", int(prompts), int(pictures), correlation, rate)
    return next((one for one in results if one.setting == setting), None)


def _width(results: Sequence[Result], *wanted: float) -> float:
    found = _of(results, *wanted)
    return float("nan") if found is None else found.width


def _silent(results: Sequence[Result]) -> float:
    found = _of(results, 20, 10, 0.8, 0.05)
    return float("nan") if found is None else found.silent


def _row(one: Result) -> str:
    s = one.setting
    few = "–" if np.isnan(one.few) else f"{one.few:.2f}"
    return (
        f"| {s.interval} | {s.prompts:,} | {s.pictures} | {s.correlation:g} | {s.rate:g} | {one.coverage:.3f} "
        f"| {one.above:.3f} | {one.below:.3f} | {one.silent:.2f} | {few} | {one.runs or 'exact'} |"
    )
