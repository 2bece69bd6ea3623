"""Plain text: a prompt a line, with or without a header."""

from collections.abc import Iterator, Sequence

from safesweep.errors import InputError
from safesweep.prompts.columns import ALIASES, LINE_COLUMN, normalised
from safesweep.prompts.formats.base import PromptTable
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
        header = _header(self._lines[0]) if self._lines else []
        if len(header) > 1:
            fix = "give it the ending .csv or .tsv"
            raise InputError(f"{file.url}: is a table, its first line names the columns {', '.join(header)}; {fix}")
        if header:
            self.names = (self._lines.pop(0).strip(),)

    def rows(self, positions: Sequence[int]) -> Iterator[Sequence[object]]:
        """Each line as it stands, without its end."""
        return ([line] * len(positions) for line in self._lines)


def _header(line: str) -> list[str]:
    """The columns that a line names, normalised; none for a line that is a prompt."""
    known = {alias for aliases in ALIASES.values() for alias in aliases}
    for delimiter in (",", "\t"):
        names = [normalised(name.strip('" ')) for name in line.split(delimiter)]
        if set(names) <= known and set(names) & set(ALIASES["text"]):
            return names
    return []
