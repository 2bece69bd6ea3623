"""What reading a prompt file came to."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from rich.table import Table
from rich.text import Text


class SkippedRow(NamedTuple):
    """A row that was left out."""

    row: int
    why: str


@dataclass(frozen=True)
class ReadReport:
    """What reading a prompt file came to."""

    source: str
    prompt_set: str
    source_sha256: str
    columns: Mapping[str, str]
    """Role -> column of the file that plays it; roles that no column plays are absent."""
    ignored: tuple[str, ...]
    """Columns of the file that play no role."""
    rows: int
    """Data rows in the file, also those behind a limit."""
    kept: int
    duplicates: int
    """Kept rows whose text an earlier row has."""
    skipped: tuple[SkippedRow, ...]
    capped: int
    """Kept rows whose guidance scale was lowered to the cap."""
    resized: int
    """Kept rows whose width or height was rounded to the multiple."""
    default_seeds: int
    """Kept rows without a seed of their own."""
    repeated_ids: int
    """Kept rows whose id an earlier row has."""
    categories: Mapping[str, int]
    """Category -> kept rows in it, the most frequent first."""

    def render(self) -> Table:
        """A two-column rich table; no prompt text is shown, since it may be unsafe."""
        table = Table(title=Text(f"{self.source} → {self.prompt_set}"), show_header=False, title_justify="left")
        table.add_column(style="bold")
        table.add_column(overflow="fold")
        skipped = Counter(row.why for row in self.skipped)
        lines = {
            "sha256": self.source_sha256,
            "columns": "\n".join(f"{role} ← {column}" for role, column in self.columns.items()),
            "ignored columns": ", ".join(name or "(unnamed)" for name in self.ignored),
            "rows": f"{self.rows:,}",
            "kept": f"{self.kept:,}",
            "repeat an earlier text": f"{self.duplicates:,}",
            "repeat an earlier id": f"{self.repeated_ids:,}",
            "skipped": "\n".join(f"{count:,}: {why}" for why, count in skipped.items()) or "0",
            "default seed": f"{self.default_seeds:,}",
            "guidance capped": f"{self.capped:,}",
            "size rounded": f"{self.resized:,}",
            "categories": "\n".join(f"{count:,} {name}" for name, count in self.categories.items()),
        }
        for label, value in lines.items():
            table.add_row(label, Text(value or "none"))
        return table
