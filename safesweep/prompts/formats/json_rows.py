"""JSON: an object a line, or one list of objects."""

import json
from collections.abc import Iterator, Sequence

from safesweep.errors import InputError
from safesweep.prompts.formats.base import PromptTable
from safesweep.prompts.formats.text import open_text
from safesweep.prompts.source import SourceFile


class JsonTable(PromptTable):
    """Columns are the keys of all objects, in the order in which they first appear."""

    def __init__(self, file: SourceFile) -> None:
        with open_text(file) as stream:
            text = stream.read()
        if text.lstrip().startswith("["):
            documents = _parse(file, text, "")
            assert isinstance(documents, list)
        else:
            numbered = [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
            documents = [_parse(file, line, f"line {number}: ") for number, line in numbered]
        self._records: list[dict[str, object]] = []
        for row, document in enumerate(documents):
            if not isinstance(document, dict):
                found = f"row {row} (counted from 0) is a {type(document).__name__}"
                example = 'every row must be an object such as {"prompt": "a red circle"}'
                raise InputError(f"{file.url}: {found}; {example}")
            self._records.append(document)
        self.names = tuple(dict.fromkeys(name for record in self._records for name in record))

    def rows(self, positions: Sequence[int]) -> Iterator[Sequence[object]]:
        """Rows as their JSON values."""
        names = [self.names[position] for position in positions]
        return ([record.get(name) for name in names] for record in self._records)


def _parse(file: SourceFile, text: str, where: str) -> object:
    try:
        document: object = json.loads(text)
    except ValueError as error:
        raise InputError(f"{file.url}: {where}is not JSON: {error}") from None
    return document
