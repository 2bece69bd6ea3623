"""How every table for a terminal or a log looks."""

from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text


def terminal_table(caption: str, *, title: str | None = None, banner: str | None = None, **options: Any) -> Table:
    """A table without columns yet: a rule under its head, a dim caption below.

    Args:
        caption: what the numbers are.
        title: stands above, in bold.
        banner: stands above instead, as a warning.
        options: further ones of ``rich.table.Table``.
    """
    above, style = (title, "bold") if banner is None else (banner, "bold yellow")
    return Table(
        title=None if above is None else Text(above, style=style),
        caption=Text(caption),
        title_justify="left",
        caption_justify="left",
        caption_style="dim",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        **options,
    )
