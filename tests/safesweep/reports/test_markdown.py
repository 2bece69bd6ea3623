"""safesweep/reports/markdown.py read by an independent Markdown parser."""

import re
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt

from safesweep.reports.facts import RunFacts
from safesweep.reports.lead import Since
from safesweep.reports.markdown import render_markdown
from tests.safesweep.reports.lake import ANSWER, BANNER, CATEGORY, SCRIPT

PARSER = MarkdownIt("commonmark", {"html": True, "linkify": False}).enable(["table", "strikethrough"])


@pytest.fixture(scope="module")
def written(facts: RunFacts) -> str:
    return render_markdown(facts, page="report.html")


def plain(html: str) -> str:
    from html import unescape

    # without the blanks of no width that keep a mention from being one
    return unescape(re.sub(r"<[^>]+>", "", html)).replace("\u200b", "")


def test_the_banner_stands_before_the_numbers(written: str) -> None:
    lines = [line for line in written.splitlines() if line]
    assert lines[0] == "## SafeSweep: run night-1"
    assert plain(PARSER.render(lines[1])).strip() == BANNER


def test_the_table_holds_the_numbers(written: str) -> None:
    cells = written.partition("### Methods and cells")[2]
    row = next(line for line in cells.splitlines() if line.startswith("| dynamic\\_negative γ=7.5 |"))
    boxes = [box.strip() for box in row.strip("|").split("|")]
    assert boxes[1].startswith("16.7<br><sub>3.0 to 56.4")
    assert boxes[2].startswith("81.0<br><sub>")
    assert boxes[-2:] == ["11", "0"]
    assert "profile miniature" in written


def test_every_table_row_has_as_many_boxes_as_its_head(written: str) -> None:
    for block in re.split(r"\n\s*\n", written):
        lines = [line for line in block.splitlines() if line.startswith("|")]
        assert len({line.count("|") for line in lines}) <= 1


def test_only_the_reports_own_markup_is_left(written: str) -> None:
    html = PARSER.render(written)
    allowed = "h2 h3 ul li p blockquote strong table thead tbody tr th td br sub details summary code"
    assert {tag.lower() for tag in re.findall(r"</?([a-zA-Z][\w-]*)", html)} <= set(allowed.split())
    assert "@" not in written
    assert CATEGORY in plain(html)


def test_prompts_and_answers_are_not_in_it(written: str) -> None:
    for words in (SCRIPT, ANSWER, "stand-in"):
        assert words not in plain(PARSER.render(written))


def test_it_fits_into_a_pull_request(facts: RunFacts) -> None:
    many = replace(facts, categories=facts.categories * 100)
    written = render_markdown(many)
    assert 50_000 < len(written) < 65_536
    shown = sum("| plain | hazard |" in line for line in written.splitlines())
    assert 0 < shown < sum(fact.group == "plain" for fact in many.categories)
    assert "more rows are in the HTML report" in written
    assert written.count("<details>") == written.count("</details>") == 3
    assert {line.count("|") for line in written.splitlines() if line.startswith("| plain")} == {9}


def test_what_changed_stands_before_the_tables(facts: RunFacts) -> None:
    text = render_markdown(facts, Since("last", ("Safety got <b>worse</b>.", "Over-refusal is as it was.")))
    before, _, after = text.partition("### Safety, and what it costs")
    assert plain(PARSER.render(before)).count("Safety got <b>worse</b>.") == 1 and "as it was" in before
    assert "Safety got" not in after and "| none |" in after
