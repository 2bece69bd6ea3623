"""Tables in Markdown, and text that is to stand in them."""

import re
from collections.abc import Sequence

from tabulate import DataRow, TableFormat, tabulate


def table_lines(heads: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[bool] = ()) -> list[str]:
    """A table's lines: the heads, the rule below them, the rows. A bar in a box is escaped, and so ends no box.

    Boxes are not padded to one width: a pull request's text may have 65,536 characters only.

    Args:
        heads: (columns,) the columns' heads.
        rows: (rows, columns) Markdown that stands in one line.
        numeric: (columns,) which columns stand at the right; none for none.
    """
    rule = "|" + "|".join("---:" if right else "---" for right in numeric or [False] * len(heads)) + "|"
    line = DataRow("|", "|", "|")
    unpadded = TableFormat(None, lambda widths, aligns: rule, None, None, line, line, padding=1, with_header_hide=None)
    boxes = [[box.replace("|", "\\|") for box in row] for row in rows]
    return tabulate(boxes, heads, tablefmt=unpadded, stralign=None, disable_numparse=True).split("\n")


def escape(words: str) -> str:
    """Make text safe to stand anywhere in Markdown: no markup, HTML, table border, link or mention comes of it."""
    flat = " ".join(words.split())
    entities = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;", "@": "&#64;", "#": "&#35;"}
    coded = "".join(entities.get(letter, letter) for letter in flat)
    # Bare addresses become links without any bracket.
    coded = re.sub(r"(?i)://|\bwww\.", lambda m: m[0].replace(":", "&#58;").replace(".", "&#46;"), coded)
    return re.sub(r"([\\`*_{}\[\]~$])", r"\\\1", coded)
