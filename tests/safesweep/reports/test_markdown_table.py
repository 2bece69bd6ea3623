"""Tables and escaped text, read by an independent Markdown parser."""

import re
from html import unescape

import pytest
from markdown_it import MarkdownIt

from safesweep.reports.markdown_table import code, escape, table_lines
from tests.safesweep.reports.lake import HOSTILE

PARSER = MarkdownIt("commonmark", {"html": True, "linkify": True}).enable(["table", "strikethrough", "linkify"])
"""With what GitHub does beyond the standard: addresses in the rendered text become links."""
MENTION = re.compile(r"(?<![\w/])@[\w-]|#\d")
"""What GitHub looks for in rendered text: a person, a team, an issue."""


def plain(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", html))


ODD = [
    *(
        "a_b*c*`d`",
        "![x](https://y/z.png)",
        "[x](y)",
        "[x]: http://y",
        "~~no~~",
        "a | b",
        "<b>",
        "&lt;",
        "&#64;all",
        "$x$",
        "\\*x\\*",
    ),
    *("www.x.org http://y", "HTTPS://x.org", "ftp://x.org", "mailto:a@b.org", "a@b.org", "xmpp:a@b.org/c", "WWW.x.org"),
    *("@all", "@owner/team please", "#12", "owner/repo#12", "<!-- x -->", "<img src=x onerror=y>", "<https://x.org>"),
    *(
        "# x",
        "- x",
        "+ x",
        "1. x",
        "1) x",
        "> x",
        "---",
        "===",
        "- - -",
        "~~~",
        "```",
        "    x",
        "|a|b|",
        "-5.0",
        "12.5",
        "10.",
        "a: b",
    ),
]


@pytest.mark.parametrize("words", [*HOSTILE, *ODD])
def test_escaped_text_reads_as_it_was_and_is_nothing_else(words: str) -> None:
    """At the beginning of a line, within one, and in a table."""
    for before in ("", "> ⚠ ", "- "):
        html = PARSER.render(before + escape(words))
        assert not re.search(r"<(?!/?(p|blockquote|ul|li)\b)", html), html
        assert html.count("<li>") == (before == "- ")
        shown = plain(html).strip().removeprefix("⚠").strip()
        assert not MENTION.search(shown)
        assert shown.replace("\u200b", "") == " ".join(words.split())
    [head, rule, row] = table_lines(["x", "y"], [[escape(words), "z"]])
    html = PARSER.render("\n".join([head, rule, row]))
    assert html.count("<td>") == 2 and not re.search(r"<(?!/?(table|thead|tbody|tr|th|td)\b)", html)


def test_text_stays_on_one_line_and_has_no_escape_sequence() -> None:
    words = escape("a\n\n# b\r\n| c |\u2028d\u2029e\x0bf\x85g\x1b[31m\u202eh\u200b@\u200bi")
    assert len(words.splitlines()) == 1 and "\x1b" not in words and "\u202e" not in words
    assert PARSER.render(words).count("<") == 2


def test_numbers_stay_as_they_are() -> None:
    assert [escape(words) for words in ("-5.0", "12.5", "+1", "1.3e-05", "4,703")] == [
        "-5.0",
        "12.5",
        "+1",
        "1.3e-05",
        "4,703",
    ]


@pytest.mark.parametrize("words", ["@all", "a`b` @all", "http://x.org\n\n# x", "<img src=x>", "", "``"])
def test_a_code_span_holds_nothing_else(words: str) -> None:
    html = PARSER.render(f"Run {code(words)}, then.")
    assert re.fullmatch(r"<p>Run <code>[^<]*</code>, then.</p>\n", html)


def test_a_table_reads_as_its_boxes() -> None:
    rows = [["a | b", "1.5", "  c "], ["", "007", "日本"]]
    lines = table_lines(["head", "number", "x"], rows, [False, True, False])
    assert lines[:2] == ["| head | number | x |", "|---|---:|---|"]
    html = PARSER.render("\n".join(lines))
    assert re.findall(r"<td[^>]*>(.*?)</td>", html) == ["a | b", "1.5", "c", "", "007", "日本"]
    assert html.count("text-align:right") == 3
    assert table_lines(["a", "b"], []) == ["| a | b |", "|---|---|"]
