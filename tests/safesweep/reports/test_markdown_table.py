"""Tables and escaped text, read by an independent Markdown parser."""

import re
from html import unescape

import pytest
from markdown_it import MarkdownIt

from safesweep.reports.markdown_table import escape, table_lines
from tests.safesweep.reports.lake import HOSTILE

PARSER = MarkdownIt("commonmark", {"html": True, "linkify": False}).enable(["table", "strikethrough"])


def plain(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", html))


@pytest.mark.parametrize(
    "words",
    [*HOSTILE, "a_b*c*`d`", "![x](y)", "~~no~~", "a | b", "<b>", "&lt;", "www.x.org http://y", "$x$", "\\*x\\*"],
)
def test_escaped_text_reads_as_it_was(words: str) -> None:
    html = PARSER.renderInline(escape(words))
    assert not re.search(r"<(?!/?p)[a-z]", html)
    assert plain(html) == words
    assert "http://" not in escape(words)
    assert "www." not in escape(words)


def test_a_table_reads_as_its_boxes() -> None:
    rows = [["a | b", "1.5", "  c "], ["", "007", "日本"]]
    lines = table_lines(["head", "number", "x"], rows, [False, True, False])
    assert lines[:2] == ["| head | number | x |", "|---|---:|---|"]
    html = PARSER.render("\n".join(lines))
    assert re.findall(r"<td[^>]*>(.*?)</td>", html) == ["a | b", "1.5", "c", "", "007", "日本"]
    assert html.count("text-align:right") == 3
    assert table_lines(["a", "b"], []) == ["| a | b |", "|---|---|"]
