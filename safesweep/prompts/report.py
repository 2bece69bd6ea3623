"""What reading a prompt file came to, and what of it a user should know before he trusts its numbers."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from rich.table import Table
from rich.text import Text

from safesweep.prompts.attacks import Attacked
from safesweep.prompts.rows import Range

NAMED_ROWS = 10


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
    other_texts: tuple[str, ...]
    """Columns that could have been the prompts as well, and were passed over."""
    look_alikes: Mapping[str, str]
    """Ignored column -> the role, played by none, that its name looks like."""
    ignored: tuple[str, ...]
    """Columns of the file that play no role."""
    rows: int
    """Data rows in the file, also those behind a limit."""
    kept: int
    limit: int | None
    """The limit, where it kept rows out."""
    selected: bool
    """Whether rows were chosen by range, category, sample or shard."""
    duplicates: int
    """Kept rows whose text an earlier row has."""
    skipped: tuple[SkippedRow, ...]
    capped: int
    """Kept rows whose guidance scale was lowered to the cap."""
    resized: int
    """Kept rows whose width or height was rounded to the multiple."""
    default_seeds: int
    """Kept rows without a seed of their own."""
    moved_seeds: int
    """Those of them that got another seed than the first, since an earlier row without a seed has their text."""
    repeated_ids: int
    """Kept rows whose id an earlier row has."""
    of_several_lines: tuple[int, ...]
    """Kept rows whose text holds line ends; a quote that is opened and not closed makes such."""
    ranges: Mapping[str, Range]
    """seed, guidance, width, height -> smallest and largest that kept rows ask for, before capping and rounding."""
    categories: Mapping[str, int]
    """Category -> kept rows in it, the most frequent first."""
    attacked: Attacked | None = None
    """Of the prompts of an attack: which, and on what."""

    def taken(self) -> str:
        """ "40 of 4,703 rows (limit)"; "4,703 rows" where all were taken."""
        if self.kept == self.rows:
            return f"{self.rows:,} rows"
        why = ["limit"] * (self.limit is not None) + ["selection"] * self.selected + ["empty"] * bool(self.skipped)
        return f"{self.kept:,} of {self.rows:,} rows ({', '.join(why)})"

    def notes(self) -> list[str]:
        """What a plan and a run say of the file, one line each; none where everything was taken as one would think."""
        found = []
        if self.kept != self.rows:
            found.append(self.taken())
        if self.attacked is not None:
            found.append(f"prompts of {self.attacked.described()}: a transfer attack on whatever else is tested")
        if self.other_texts:
            found.append(
                f"prompts are those of {self.columns['text']!r}, not of {', '.join(map(repr, self.other_texts))}"
            )
        found += [
            f"column {name!r} is ignored; if it is the {role}, say so with columns.{role}"
            for name, role in self.look_alikes.items()
        ]
        if self.moved_seeds:
            found.append(f"{self.moved_seeds:,} rows repeat a text and have no seed: each has a seed of its own")
        if self.of_several_lines:
            rows = ", ".join(map(str, self.of_several_lines[:NAMED_ROWS]))
            more = ", …" if len(self.of_several_lines) > NAMED_ROWS else ""
            found.append(
                f"{len(self.of_several_lines):,} prompts hold line ends (rows {rows}{more}): is every quote closed?"
            )
        return found

    def render(self) -> Table:
        """A two-column rich table; no prompt text is shown, since it may be unsafe."""
        table = Table(title=Text(f"{self.source} → {self.prompt_set}"), show_header=False, title_justify="left")
        table.add_column(style="bold")
        table.add_column(overflow="fold")
        skipped = Counter(row.why for row in self.skipped)
        ranges = (f"{role} {_number(span.low)} … {_number(span.high)}" for role, span in self.ranges.items())
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
            "ranges": "\n".join(ranges),
            "categories": "\n".join(f"{count:,} {name}" for name, count in self.categories.items()),
            "to know": "\n".join(self.notes()),
        }
        for label, value in lines.items():
            table.add_row(label, Text(value or "none"))
        return table


def _number(value: float) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
