"""Titles and banners stand above, captions below."""

import io

from rich.console import Console

from safesweep.reports.terminal import terminal_table


def printed(**options) -> list[str]:
    table = terminal_table("[0, 1]", **options)
    table.add_column("cell")
    table.add_row("a wide row of words")
    console = Console(width=60, record=True, file=io.StringIO())
    console.print(table)
    return [line.strip() for line in console.export_text().splitlines() if line.strip()]


def test_a_banner_takes_the_titles_place_and_brackets_are_no_markup():
    assert printed()[0] == "cell" and printed()[-1] == "[0, 1]"
    assert printed(title="Choice [x]")[0] == "Choice [x]"
    assert printed(title="Choice", banner="Miniature")[0] == "Miniature"
