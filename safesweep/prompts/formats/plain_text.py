"""Plain text: a prompt a line, with or without a header; or a table, where the first line is a table's header."""

from collections.abc import Iterator, Sequence

from safesweep.prompts.columns import ALIASES, LINE_COLUMN, normalised
from safesweep.prompts.formats.base import PromptTable
from safesweep.prompts.formats.delimited import CommaTable, TabTable
from safesweep.prompts.formats.text import open_text
from safesweep.prompts.source import SourceFile


class TextTable(PromptTable):
    """One column, named by the first line where that is a column's name; blank lines at the end are none."""

    def __init__(self, file: SourceFile) -> None:
        with open_text(file) as stream:
            self._lines = stream.read().split("\n")
        while self._lines and not self._lines[-1].strip():
            self._lines.pop()
        self.names = (LINE_COLUMN,)
        if self._lines and _header(self._lines[0], ","):
            self.names = (self._lines.pop(0).strip(),)

    def rows(self, positions: Sequence[int]) -> Iterator[Sequence[object]]:
        """Each line as it stands, without its end."""
        return ([line] * len(positions) for line in self._lines)


def open_text_table(file: SourceFile) -> PromptTable:
    """Prompts line by line, or the table that the first line is the header of."""
    with open_text(file) as stream:
        first = next(stream, "")
    for delimiter, table in ((",", CommaTable), (";", CommaTable), ("\t", TabTable)):
        if len(_header(first, delimiter)) > 1:
            return table(file)
    return TextTable(file)


def _header(line: str, delimiter: str) -> list[str]:
    """The columns that a line names, normalised; none for a line that may be a prompt."""
    known = {alias for aliases in ALIASES.values() for alias in aliases}
    names = [normalised(name.strip('" \n')) for name in line.split(delimiter)]
    return names if set(names) <= known and set(names) & set(ALIASES["text"]) else []
