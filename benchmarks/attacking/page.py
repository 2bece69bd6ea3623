"""The page of the attack's benchmark: rates at budgets, what the winners are made of, and some of their pictures."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib.pyplot as plt

from benchmarks.attacking.overhead import Overhead
from miniature.world import CODE_WORDS
from safesweep.lake.parquet_files import read_table
from safesweep.lake.pictures import open_picture
from safesweep.lake.store import RunStore
from safesweep.measures.attacks import AttackResult
from safesweep.reports.text import bounds, decimal, p_value

BANNER = "Miniature: these numbers are about the miniature's drawn world, not about any real model."
BEGIN, END = "<!-- read by a person: begin -->", "<!-- read by a person: end -->"
SHOWN = 4
"""Winners of a cell in the figure."""
ALL_CODE_WORDS = frozenset(word for words in CODE_WORDS.values() for word in words)


class Defence(NamedTuple):
    """One cell's results."""

    name: str
    adaptive: AttackResult
    random: AttackResult
    winners: list[Mapping[str, Any]]
    """Rows of attempts, the first success of each search."""

    def numbers(self) -> dict[str, Any]:
        """As the benchmark's last line has them."""
        last = {f"asr_{at.budget}": at.rate.estimate for at in self.adaptive.at}
        budget = self.adaptive.at[-1].budget
        ends = {f"asr_{at.budget}_interval": [at.rate.low, at.rate.high] for at in self.adaptive.at}
        return {
            **last,
            f"random_{budget}": self.random.at[-1].rate.estimate,
            "p_value": self.adaptive.p_value,
            **ends,
            "code_words": sorted(self.code_words()),
        }

    def new_words(self) -> list[str]:
        """Words of the winners that their targets have not, the most frequent first."""
        counts: dict[str, int] = {}
        for row in self.winners:
            for word in set(row["prompt"].split()) - set(row["target_prompt"].split()):
                counts[word] = counts.get(word, 0) + 1
        return sorted(counts, key=lambda word: (-counts[word], word))

    def code_words(self) -> set[str]:
        """Code words of the miniature's world among them."""
        return set(ALL_CODE_WORDS.intersection(self.new_words()))


def as_markdown(
    defences: Sequence[Defence],
    overhead: Overhead | None,
    command: str,
    targets: int,
    said: str,
    figure: Path,
    floor: float | None,
) -> str:
    """The page. ``said``: a person's own words, which a new run keeps."""
    budgets = [at.budget for at in defences[0].adaptive.at]
    last, heads = budgets[-1], [f"ASR@{budget}" for budget in budgets]
    lines = [
        "# Attacks on the miniature",
        "",
        f"> {BANNER}",
        "",
        f"{targets} targets, the miniature's prompts that name a hazard plainly, under attack in every cell: {last} pictures at most a "
        f"target, cell and strategy, the same operators for both strategies. Made by `{command}`. *Random*: the same operators without "
        f"selection. p: against random rewriting at {last} pictures, paired by target (exact McNemar). Intervals are 95 %, clustered by "
        f"the target's text. ASR@1 is the file as it is. {_floored(floor)}",
        "",
        f"| cell | {' | '.join(heads)} | random@{last} | p | attempts to success | code words found |",
        "|---|" + "---|" * len(budgets) + "---|--:|--:|---|",
    ]
    for one in defences:
        cells = [_rate(at) for at in one.adaptive.at]
        lines.append(
            f"| {one.name} | {' | '.join(cells)} | {_rate(one.random.at[-1])} | {_p(one.adaptive.p_value)} "
            f"| {decimal(one.adaptive.attempts)} | {', '.join(sorted(one.code_words())) or '–'} |"
        )
    beaten = [one.name for one in defences if one.adaptive.p_value < 0.01 and one.adaptive.gain > 0]
    lines += [
        "",
        f"The adaptive attack beats random rewriting at p < .01 on {len(beaten)} of {len(defences)}: {', '.join(beaten) or 'none'}.",
        "",
        f"![winners' pictures]({figure.name})",
        "",
        *(BEGIN, said, END),
        "",
        "## What the winners are made of",
        "",
        "Words that the targets have not, the most frequent first. No target holds a code word: those that stand here were found in the "
        "text encoder's vocabulary.",
        "",
        "| cell | words | an example |",
        "|---|---|---|",
    ]
    for one in defences:
        changed = [row for row in one.winners if row["prompt"] != row["target_prompt"]]
        example = f"{changed[0]['target_prompt']} → {changed[0]['prompt']}" if changed else "–"
        lines.append(f"| {one.name} | {', '.join(one.new_words()[:12]) or '–'} | {example} |")
    if overhead is not None:
        lines += [
            "",
            "## Searches side by side",
            "",
            f"{overhead.searches} searches side by side, {overhead.pictures} pictures: {overhead.searching:.1f} s, scorers included. The "
            f"network rows of the same pictures take {overhead.forward:.1f} s when all are asked for at once ({overhead.at_once:.1f} s "
            f"with decoding): {overhead.ratio:.2f} times.",
        ]
    return "\n".join([*lines, ""])


def _floored(floor: float | None) -> str:
    if floor is None:
        return "Any unsafe picture is a success."
    return f"A success is an unsafe picture that shows its target, with a CLIP cosine of {floor:g} or more, for both strategies alike."


def _rate(at: Any) -> str:
    return f"{at.rate.estimate:.2f} ({bounds(at.rate.low, at.rate.high, 2, between=' … ')})"


def _p(value: float) -> str:
    return "–" if value != value else p_value(value)


def draw_winners(defences: Sequence[Defence], store: RunStore, path: Path) -> None:
    """Pictures of each cell's first winners, with the prompts that made them."""
    wanted = {row["trial_id"] for one in defences for row in one.winners[:SHOWN]}
    pictures = {}
    for file in store.files():
        for row in read_table(file, ["trial_id", "picture"], filters=[("trial_id", "in", wanted)]).to_pylist():
            pictures[row["trial_id"]] = row["picture"]
    figure, axes = plt.subplots(len(defences), SHOWN, figsize=(2.2 * SHOWN + 1.5, 1.7 * len(defences)), squeeze=False)
    for line, one in zip(axes, defences, strict=True):
        for axis in line:
            axis.set(xticks=[], yticks=[])
        for axis, row in zip(line, one.winners, strict=False):
            axis.imshow(open_picture(pictures[row["trial_id"]]))
            axis.set_title(f"{row['target_prompt']} →\n{row['prompt']}", fontsize=5)
        line[0].set_ylabel(one.name, rotation=0, ha="right", va="center", fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)


def written(page: Path) -> str:
    """What stands between the page's markers, a person's own words; empty where there is no page."""
    if not page.exists() or BEGIN not in page.read_text():
        return ""
    return page.read_text().split(BEGIN, 1)[1].split(END, 1)[0].strip("\n")
