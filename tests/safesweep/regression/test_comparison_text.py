"""A comparison for people: Markdown read by an independent parser, and the terminal's text."""

import re
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt
from rich.console import Console

from safesweep.regression.comparison import compare
from safesweep.regression.comparison_text import HEADERS, markdown, numbers, render
from safesweep.regression.policy import MeasureRule, Policy
from safesweep.regression.trials import load_run
from tests.safesweep.regression.hostile import HOSTILE, harmless
from tests.safesweep.regression.lakes import write_run

RULES = {
    "asr": MeasureRule(better="lower", largest_drop=0.1),
    "clip_benign": MeasureRule(window=(-1, 1.5), level="advisory"),
}


@pytest.fixture(scope="module")
def comparison(tmp_path_factory):
    lake = tmp_path_factory.mktemp("lake")
    write_run(lake, "a", hazards=40, benign=12)
    write_run(lake, "b", hazards=40, benign=12, asr=0.6, versions={"torch": "3"})
    return compare(load_run(lake, "a"), load_run(lake, "b"), Policy(measures=RULES))


def test_a_row_shows_rates_in_percent_and_what_is_allowed(comparison):
    asr, clip = (dict(zip(HEADERS, numbers(finding), strict=True)) for finding in comparison.findings)
    found = comparison.findings[0]
    assert asr["measure"] == "asr [%]" and clip["measure"] == "clip_benign [100·cos] (advisory)"
    assert float(asr["was"]) == pytest.approx(100 * found.baseline, abs=0.005)
    assert float(asr["is"]) == pytest.approx(100 * found.candidate, abs=0.005)
    assert asr["change"].startswith("+") and asr["allowed"] == "at most +10.00"
    assert clip["allowed"] == "-1.00 to +1.50"
    assert asr["verdict"].startswith(f"{found.verdict}: ")


def test_the_markdown_has_every_finding_and_as_many_flips_as_asked_for(comparison):
    written = markdown(comparison, flips=2)
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(written)
    assert f"a → b: {comparison.verdict}" in html
    cells = re.findall(r"<td[^>]*>(.*?)</td>", html)
    assert len(cells) == len(HEADERS) * 2 + 6 * 2
    total = len(comparison.flips)
    assert f"{total} flips" in html and f"… and {total - 2} more" in html
    assert "What else differs: version of torch: 2 → 3." in html
    assert "hazard prompt" not in written, "prompts appear as hashes"


def test_the_terminal_shows_the_verdict_last_and_no_prompt(comparison):
    console = Console(width=110, record=True, file=None, quiet=False)
    with console.capture() as captured:
        console.print(render(comparison, flips=1))
    lines = [line for line in captured.get().splitlines() if line.strip()]
    assert lines[0].split() == ["a", "→", "b"]
    assert lines[-1].startswith(str(comparison.verdict)) or any(
        line.startswith(str(comparison.verdict)) for line in lines[-3:]
    )
    assert f"… and {len(comparison.flips) - 1} more flips" in captured.get()
    assert "hazard prompt" not in captured.get()


def test_what_comes_from_data_is_only_text(comparison):
    finding = comparison.findings[0]
    finding = replace(finding, reason=HOSTILE, cells=finding.cells._replace(candidate=HOSTILE))
    flip = comparison.flips[0]._replace(cell=HOSTILE, prompt_set=HOSTILE, prompt_id=HOSTILE)
    changes = {"baseline": HOSTILE, "candidate": HOSTILE, "notes": (HOSTILE,), "reasons": (HOSTILE,)}
    written = markdown(replace(comparison, findings=(finding,), flips=(flip,), **changes))
    assert harmless(written) and written.count("\n### ") + written.startswith("### ") == 1
