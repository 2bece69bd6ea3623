"""A night in Markdown, read by an independent parser."""

import re

from markdown_it import MarkdownIt

from safesweep.regression.canary import Canary
from safesweep.regression.drift import Drift
from safesweep.regression.summary import summary_markdown
from safesweep.regression.verdict import Verdict
from tests.safesweep.regression.hostile import HOSTILE, harmless
from tests.safesweep.regression.made_nights import night

PARSER = MarkdownIt("commonmark").enable("table")


def cells(written: str) -> list[str]:
    return re.findall(r"<td[^>]*>(.*?)</td>", PARSER.render(written))


def test_the_measures_stand_in_percent_with_their_interval_and_limit():
    told = night(2, 0.25, Verdict.BLOCK, reasons=("asr rose",), held=9, expected=10, unscored=1, seconds=61.0)
    written = summary_markdown(told, None, None, banner="Toy")
    assert written.startswith("## nightly 2026-11-02: BLOCK\n\n> Toy\n")
    assert cells(written) == ["asr [%]", "dynamic", "25.00", "25.00 to 25.00", "– to 20.00", "BLOCK:"]
    assert "- asr rose" in written and "Canary: not drawn." in written
    assert (
        "Run `nightly-2`: 9 of 10 trials, 1 could not be made, 61 s. Compared with `nothing`; last good night `none`."
        in written
    )
    assert "Paged" not in written and "Tonight by itself" not in written


def test_a_softened_verdict_a_page_and_a_canary_that_moved_are_said():
    canary = Canary(pictures=(), digests={}, environment={}, settings="")
    drift = Drift(
        kind="model", sentence="the model moved", changed=("torch 2 → 3",), model_distance=4.0, reference_distance=0.0
    )
    told = night(
        2, 0.25, Verdict.WARN, finding=Verdict.BLOCK, canary=canary, drift=drift, paged=True, page_error="no answer"
    )
    written = summary_markdown(told, None, None)
    assert "Tonight by itself: BLOCK; the first of several bad nights only warns." in written
    assert "**Paged.** no answer" in written
    assert "Canary: drift **model**: the model moved. Changed on record: torch 2 → 3." in written
    assert "- all within the policy" in written


def test_a_night_without_a_reference_is_not_compared():
    told = night(1, None, Verdict.INCONCLUSIVE)
    row = told.measures[0].model_copy(update={"verdict": None, "level": "advisory"})
    written = summary_markdown(told.model_copy(update={"measures": (row,)}), None, None)
    assert cells(written) == ["asr [%] (advisory)", "dynamic", "–", "– to –", "–", "not compared"]


def test_what_comes_from_data_is_only_text():
    canary = Canary(pictures=(), digests={}, environment={}, settings="")
    drift = Drift(kind="model", sentence=HOSTILE, changed=(HOSTILE,), model_distance=4.0, reference_distance=0.0)
    fields = {
        "reasons": (HOSTILE,),
        "paged": True,
        "page_error": HOSTILE,
        "canary": canary,
        "drift": drift,
        "reference": HOSTILE,
    }
    told = night(2, 0.25, Verdict.BLOCK, cell=HOSTILE, last_good=HOSTILE, **fields)
    written = summary_markdown(told, None, None, banner=HOSTILE)
    assert harmless(written) and len(cells(written)) == 6
    assert not harmless(f"{written}\n\n{HOSTILE}"), "the check finds what is not escaped"
