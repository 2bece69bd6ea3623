"""Prompt sets as their authors publish them, read into :class:`safesweep.types.Prompt`."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from safesweep.errors import InputError
from safesweep.prompts.columns import map_columns
from safesweep.prompts.formats import FORMATS, PromptTable
from safesweep.prompts.report import ReadReport, SkippedRow
from safesweep.prompts.source import SourceFile, at_hand, file_name
from safesweep.prompts.values import (
    MAX_SEED,
    FileValue,
    is_missing,
    read_categories,
    read_guidance,
    read_id,
    read_text,
    read_whole,
    to_multiple,
)
from safesweep.types import Prompt

NAMED_ROWS = 10
"""How many of the rows with an empty prompt one error names."""
_SEED = f"a whole number from 0 to {MAX_SEED} is wanted"
_SIZE = "a whole number of pixels, at least 1, is wanted"


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
    """Reads a prompt file of any format that ``formats.FORMATS`` has an ending for.

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
        InputError: the file cannot be read, its ending is unknown, it has no prompt column or no rows, or holds an empty
            prompt (``refuse``) or a seed, size or guidance scale that is no such number; or an argument is out of range.
    """
    _check_arguments(limit, on_empty, default_seed, guidance_cap, size_multiple)
    url = str(path)
    ending = Path(file_name(url)).suffix.lower()
    if ending not in FORMATS:
        raise InputError(f"{url}: cannot tell the format from the ending {ending!r}; allowed are {', '.join(FORMATS)}")
    with at_hand(url) as file:
        table = FORMATS[ending](file)
        if next(iter(table.rows(())), None) is None:
            raise InputError(f"{url}: has no rows; at least one prompt is needed")
        roles = map_columns(url, table.names)
        rows = _Rows(file, name or file.stem, roles, table.names, default_seed, guidance_cap, size_multiple)
        prompts, skipped, seen = _read(table, rows, limit)
        if skipped and on_empty == "refuse":
            raise InputError(f"{url}: {_empty_rows(skipped, rows.columns['text'])}")
        if not prompts:
            raise InputError(f"{url}: all {len(skipped)} rows are empty; at least one prompt is needed")
        total = table.count() if len(prompts) == limit else seen
    report = ReadReport(
        source=file.name,
        prompt_set=name or file.stem,
        source_sha256=file.sha256,
        columns=rows.columns,
        ignored=tuple(str(n) for position, n in enumerate(table.names) if position not in roles.values()),
        rows=total,
        kept=len(prompts),
        duplicates=len(prompts) - len({prompt.text for prompt in prompts}),
        skipped=tuple(skipped),
        capped=rows.capped,
        resized=rows.resized,
        default_seeds=rows.default_seeds,
        repeated_ids=len(prompts) - len({prompt.prompt_id for prompt in prompts}),
        categories=dict(Counter(category for prompt in prompts for category in prompt.categories).most_common()),
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


class _Rows:
    """Builds prompts from a file's rows, counting what it changes."""

    def __init__(
        self,
        file: SourceFile,
        prompt_set: str,
        roles: Mapping[str, int],
        names: Sequence[str],
        default_seed: int,
        guidance_cap: float | None,
        size_multiple: int,
    ) -> None:
        self.file, self.prompt_set = file, prompt_set
        self.positions = tuple(roles.values())
        self.columns = {role: names[position] for role, position in roles.items()}
        self.default_seed, self.guidance_cap, self.size_multiple = default_seed, guidance_cap, size_multiple
        self.capped = self.resized = self.default_seeds = 0

    def prompt(self, row: int, values: Sequence[object]) -> Prompt | None:
        """The prompt of a row whose values stand in the order of ``positions``; None where its text is empty."""
        found = dict(zip(self.columns, values, strict=True))

        def at(role: str) -> tuple[object, FileValue]:
            return found.get(role), FileValue(self.file.url, row, self.columns.get(role, role))

        if is_missing(found["text"]):
            return None
        text = read_text(*at("text"))
        seed = read_whole(*at("seed"), minimum=0, allowed=_SEED)
        self.default_seeds += seed is None
        guidance = read_guidance(*at("guidance"))
        if guidance is not None and self.guidance_cap is not None and guidance > self.guidance_cap:
            guidance = float(self.guidance_cap)
            self.capped += 1
        asked = [read_whole(*at(role), minimum=1, allowed=_SIZE) for role in ("width", "height")]
        width, height = (None if size is None else to_multiple(size, self.size_multiple) for size in asked)
        self.resized += [width, height] != asked
        return Prompt(
            text=text,
            seed=self.default_seed if seed is None else seed,
            guidance_scale=guidance,
            width=width,
            height=height,
            prompt_id=read_id(found.get("id"), row),
            row=row,
            categories=read_categories(found.get("categories")),
            prompt_set=self.prompt_set,
            source=self.file.name,
            source_sha256=self.file.sha256,
        )


def _read(table: PromptTable, rows: _Rows, limit: int | None) -> tuple[list[Prompt], list[SkippedRow], int]:
    """Prompts, rows without one, and how many rows were looked at."""
    prompts: list[Prompt] = []
    skipped: list[SkippedRow] = []
    for row, values in enumerate(table.rows(rows.positions)):
        prompt = rows.prompt(row, values)
        if prompt is None:
            skipped.append(SkippedRow(row, "empty prompt"))
            continue
        prompts.append(prompt)
        if len(prompts) == limit:
            break
    return prompts, skipped, len(prompts) + len(skipped)


def _empty_rows(skipped: Sequence[SkippedRow], column: str) -> str:
    named = ", ".join(str(row.row) for row in skipped[:NAMED_ROWS])
    more = f" and {len(skipped) - NAMED_ROWS} more" if len(skipped) > NAMED_ROWS else ""
    where = f"column {column!r} is empty in row{'s' * (len(skipped) > 1)} {named}{more} (counted from 0)"
    return f"{where}; fill in a prompt, or leave such rows out with on_empty=skip"
