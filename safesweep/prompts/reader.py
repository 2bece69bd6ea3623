"""Prompt sets as their authors publish them, read into :class:`safesweep.types.Prompt`."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from rich.table import Table
from rich.text import Text

from safesweep.errors import InputError
from safesweep.prompts.columns import (
    MAX_SEED,
    Cell,
    is_missing,
    map_columns,
    read_categories,
    read_guidance,
    read_id,
    read_text,
    read_whole,
    to_multiple,
)
from safesweep.prompts.files import PromptFile, open_prompt_file
from safesweep.types import Prompt

NAMED_ROWS = 10
"""How many of the rows with an empty prompt one error names."""
_SEED = f"a whole number from 0 to {MAX_SEED} is wanted"
_SIZE = "a whole number of pixels, at least 1, is wanted"


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


class PromptSet(NamedTuple):
    """Prompts in file order, and how they were read."""

    prompts: list[Prompt]
    report: ReadReport


def read_prompts(
    path: str | Path,
    *,
    name: str | None = None,
    limit: int | None = None,
    on_empty: Literal["refuse", "skip"] = "refuse",
    default_seed: int = 1,
    guidance_cap: float | None = None,
    size_multiple: int = 8,
) -> PromptSet:
    """Reads a CSV, TSV, JSON Lines, Parquet or headerless text file of prompts.

    Args:
        path: a local file, or a URL that fsspec or pyarrow opens (``s3://``, ``hf://``, ``https://``).
        name: the prompt set's name; by default the file's name without its ending.
        limit: at most this many prompts, from the top; rows behind them are not looked at.
        on_empty: ``refuse`` a file with empty prompts, or ``skip`` and count them.
        default_seed: seed of rows that have none, 0 … 2**63 - 1; 1 as in VL-DNP's released code.
        guidance_cap: guidance scales above it are lowered to it; None keeps every scale as it is.
        size_multiple: widths and heights are rounded to the nearest multiple (halves up, at least one), pixels.

    Returns:
        The prompts in file order, equal texts included, and a report of what was mapped, changed and left out.

    Raises:
        InputError: the file cannot be read, has no prompt column or no rows, or holds an empty prompt (``refuse``) or a
            seed, size or guidance scale that is no such number; or an argument is out of range.
    """
    _check_arguments(limit, on_empty, default_seed, guidance_cap, size_multiple)
    file = open_prompt_file(path)
    table = file.table
    if table.rows == 0:
        raise InputError(f"{path}: has no rows; at least one prompt is needed")
    roles = map_columns(str(path), table.names)
    cells = {role: table.column(position) for role, position in roles.items()}
    columns = {role: table.names[position] for role, position in roles.items()}
    kept, skipped = _kept_rows(cells["text"], limit)
    if skipped and on_empty == "refuse":
        rows = ", ".join(str(row.row) for row in skipped[:NAMED_ROWS])
        more = f" and {len(skipped) - NAMED_ROWS} more" if len(skipped) > NAMED_ROWS else ""
        where = f"column {columns['text']!r} is empty in row{'s' * (len(skipped) > 1)} {rows}{more} (counted from 0)"
        raise InputError(f"{path}: {where}; fill in a prompt, or leave such rows out with on_empty=skip")
    if not kept:
        raise InputError(f"{path}: all {len(skipped)} rows are empty; at least one prompt is needed")
    rows_read = _Rows(str(path), file, name or file.stem, cells, columns, default_seed, guidance_cap, size_multiple)
    prompts = [rows_read.prompt(row) for row in kept]
    ignored = tuple(str(n) for position, n in enumerate(table.names) if position not in roles.values())
    counted = Counter(category for prompt in prompts for category in prompt.categories)
    report = ReadReport(
        source=file.name,
        prompt_set=name or file.stem,
        source_sha256=file.sha256,
        columns=columns,
        ignored=ignored,
        rows=table.rows,
        kept=len(prompts),
        duplicates=len(prompts) - len({prompt.text for prompt in prompts}),
        skipped=tuple(skipped),
        capped=rows_read.capped,
        resized=rows_read.resized,
        default_seeds=rows_read.default_seeds,
        repeated_ids=len(prompts) - len({prompt.prompt_id for prompt in prompts}),
        categories=dict(counted.most_common()),
    )
    return PromptSet(prompts, report)


def _check_arguments(
    limit: int | None, on_empty: str, default_seed: int, guidance_cap: float | None, size_multiple: int
) -> None:
    if on_empty not in ("refuse", "skip"):
        raise InputError(f"on_empty is {on_empty!r}; allowed are 'refuse' and 'skip'")
    if limit is not None and limit < 1:
        raise InputError(f"limit is {limit}; at least 1 is allowed")
    if not 0 <= default_seed <= MAX_SEED:
        raise InputError(f"default_seed is {default_seed}; {_SEED}")
    if guidance_cap is not None and not guidance_cap > 0:
        raise InputError(f"guidance_cap is {guidance_cap}; a number above 0 is allowed")
    if size_multiple < 1:
        raise InputError(f"size_multiple is {size_multiple}; at least 1 is allowed")


def _kept_rows(texts: Sequence[object], limit: int | None) -> tuple[list[int], list[SkippedRow]]:
    kept: list[int] = []
    skipped: list[SkippedRow] = []
    for row, text in enumerate(texts):
        if len(kept) == limit:
            break
        if is_missing(text):
            skipped.append(SkippedRow(row, "empty prompt"))
        else:
            kept.append(row)
    return kept, skipped


class _Rows:
    """Builds prompts from a file's cells, counting what it changes."""

    def __init__(
        self,
        path: str,
        file: PromptFile,
        prompt_set: str,
        cells: Mapping[str, Sequence[object]],
        columns: Mapping[str, str],
        default_seed: int,
        guidance_cap: float | None,
        size_multiple: int,
    ) -> None:
        self.path, self.file, self.prompt_set = path, file, prompt_set
        self.cells, self.columns = cells, columns
        self.default_seed, self.guidance_cap, self.size_multiple = default_seed, guidance_cap, size_multiple
        self.capped = self.resized = self.default_seeds = 0

    def prompt(self, row: int) -> Prompt:
        text = read_text(*self._at("text", row))
        seed = read_whole(*self._at("seed", row), minimum=0, allowed=_SEED)
        self.default_seeds += seed is None
        guidance = read_guidance(*self._at("guidance", row))
        if guidance is not None and self.guidance_cap is not None and guidance > self.guidance_cap:
            guidance = float(self.guidance_cap)
            self.capped += 1
        asked = [read_whole(*self._at(role, row), minimum=1, allowed=_SIZE) for role in ("width", "height")]
        width, height = (None if size is None else to_multiple(size, self.size_multiple) for size in asked)
        self.resized += [width, height] != asked
        return Prompt(
            text=text,
            seed=self.default_seed if seed is None else seed,
            guidance_scale=guidance,
            width=width,
            height=height,
            prompt_id=read_id(self._at("id", row)[0], row),
            row=row,
            categories=read_categories(self._at("categories", row)[0]),
            prompt_set=self.prompt_set,
            source=self.file.name,
            source_sha256=self.file.sha256,
        )

    def _at(self, role: str, row: int) -> tuple[object, Cell]:
        if role not in self.cells:
            return None, Cell(self.path, row, role)
        return self.cells[role][row], Cell(self.path, row, self.columns[role])
