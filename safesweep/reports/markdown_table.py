"""Tables in Markdown, and text that is to stand in them."""

import re
from collections.abc import Sequence

from tabulate import DataRow, TableFormat, tabulate

from safesweep.terminal import fit

_NOTHING = "&#8203;"
"""A blank of no width."""
_ENTITIES = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    "|": "&#124;",
    "@": f"&#64;{_NOTHING}",
    "#": f"&#35;{_NOTHING}",
    "\u200b": "",
    "\u2060": "",
    "\ufeff": "",
}


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
    """Make text safe to stand anywhere in Markdown: no markup, HTML, image, table border, link or mention comes of it, on one line.

    GitHub looks for addresses, mentions ("@x") and issues ("#1") in the text that is already rendered, where an entity is the
    letter that it stands for; a blank of no width, which is not seen, ends what it would find.
    """
    flat = fit(" ".join(words.split()))
    coded = "".join(_ENTITIES.get(letter, letter) for letter in flat)
    coded = re.sub(r"(?i)(:)(?=/)|(?<=\bwww)(\.)|(?<=\bmailto)(:)|(?<=\bxmpp)(:)", _ended, coded)
    coded = re.sub(r"([\\`*_{}\[\]~$!])", r"\\\1", coded)
    # what makes a list, a rule or a heading's underline of a line that it begins
    return re.sub(r"^(\d*)([-+=.)])(?=[-+=]*(?:\s|$))", lambda found: f"{found[1]}&#{ord(found[2])};", coded)


def code(words: str) -> str:
    """Text as it is, on one line, in a code span: nothing in it is markup, a link or a mention. Grave accents are left out."""
    return f"`{fit(' '.join(words.replace('`', '').split())) or ' '}`"


def _ended(found: re.Match[str]) -> str:
    return f"&#{ord(found[0])};{_NOTHING}"
