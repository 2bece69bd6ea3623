"""CSV and TSV: a header line, then one record a row, quoted as RFC 4180 has it."""

import csv
from collections.abc import Iterator, Sequence
from typing import ClassVar, Literal

from safesweep.errors import InputError
from safesweep.prompts.columns import names_a_text
from safesweep.prompts.formats.base import PromptTable
from safesweep.prompts.formats.text import open_text
from safesweep.prompts.source import SourceFile


class CommaTable(PromptTable):
    """A CSV file, or what a spreadsheet calls one."""

    first_choice: ClassVar[str] = ","
    """The delimiter, unless only another one makes the header hold a text column (spreadsheets write ``;``)."""

    def __init__(self, file: SourceFile) -> None:
        self._file = file
        self._quoting: Literal[0, 3] = csv.QUOTE_MINIMAL
        # newline="" hands every kind of line end to the csv module, which keeps those inside quotes as they are
        with open_text(file, newline="") as stream:
            self._delimiter = self._find_delimiter(next((line for line in stream if line.strip()), ""))
        header = next(self._records(), None)
        if header is None:
            raise InputError(f"{file.url}: is empty; a header line and at least one row are needed")
        self.names = tuple(header)

    def rows(self, positions: Sequence[int]) -> Iterator[Sequence[object]]:
        """Rows as their strings; empty fields behind the header's last are forgiven."""
        width = len(self.names)
        records = self._records()
        next(records)
        for row, record in enumerate(records):
            if len(record) != width and (len(record) < width or any(field.strip() for field in record[width:])):
                found = f"row {row} (counted from 0) has {len(record)} fields where the header has {width}"
                fix = f"put quotes around a text that holds {self._delimiter!r} or a line end"
                raise InputError(f"{self._file.url}: {found}; {fix}")
            yield [record[position] for position in positions]

    def _find_delimiter(self, header_line: str) -> str:
        for delimiter in (self.first_choice, ",", ";", "\t"):
            if names_a_text(header_line.split(delimiter)):
                return delimiter
        return self.first_choice

    def _records(self) -> Iterator[list[str]]:
        csv.field_size_limit(max(csv.field_size_limit(), self._file.path.stat().st_size))
        with open_text(self._file, newline="") as stream:
            reader = csv.reader(stream, delimiter=self._delimiter, quoting=self._quoting, strict=True)
            begun = 1
            try:
                for record in reader:
                    begun = reader.line_num + 1
                    if record:
                        yield record
            except csv.Error as error:
                where = f"near line {reader.line_num}"
                if reader.line_num > begun:
                    where += (
                        f" (lines {begun} to {reader.line_num} are one row, by a quote that is opened and not closed)"
                    )
                fix = "quotes inside a quoted field are doubled and closed"
                raise InputError(f"{self._file.url}: {where}: {error}; {fix}") from None


class TabTable(CommaTable):
    """A TSV file. Its quotes are letters, as in ``"STOP" painted on a wall``, where that makes more rows of one width."""

    first_choice = "\t"

    def __init__(self, file: SourceFile) -> None:
        super().__init__(file)
        quoted = self._rows_or_none()
        self._quoting = csv.QUOTE_NONE
        literal = self._rows_or_none()
        if quoted is not None and (literal is None or literal <= quoted):
            self._quoting = csv.QUOTE_MINIMAL
        self.names = tuple(next(self._records()))

    def _rows_or_none(self) -> int | None:
        """How many rows the present quoting makes; None where it makes none of one width."""
        try:
            return self.count()
        except InputError:
            return None
