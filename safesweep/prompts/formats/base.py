"""What a format makes of a file: a table that is read row by row."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence


class PromptTable(ABC):
    """A file's columns. Values of text formats are strings; others are any JSON or Arrow value, None where absent."""

    names: tuple[str, ...]
    """Of the columns, as the file has them; they may repeat."""

    @abstractmethod
    def rows(self, positions: Sequence[int]) -> Iterator[Sequence[object]]:
        """The file's rows in order, of each the values of these columns; what is not asked for is not decoded.

        Raises ``InputError`` naming the row, counted from 0, at which the file breaks off or is not of its format.
        """

    def count(self) -> int:
        """How many rows there are."""
        return sum(1 for _ in self.rows(()))

    def type_of(self, position: int) -> str:
        """The type that the file declares for a column, in its own word; empty where it declares none."""
        return ""
