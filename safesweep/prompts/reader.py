"""Prompt sets as their authors publish them, read into :class:`safesweep.types.Prompt`."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from safesweep.errors import InputError
from safesweep.prompts.attacks import Attacked, attacked_beside, attacked_in
from safesweep.prompts.columns import look_alikes, map_columns, other_texts
from safesweep.prompts.formats import FORMATS, PromptTable
from safesweep.prompts.report import ReadReport, SkippedRow
from safesweep.prompts.rows import EMPTY, RowReader, Rules, repeats
from safesweep.prompts.selection import Selection, make_selection
from safesweep.prompts.source import at_hand, ending_of, file_name, packing
from safesweep.prompts.values import MAX_SEED
from safesweep.types import Prompt

NAMED_ROWS = 10
"""How many of the rows with an empty prompt one error names."""


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
    samples: int = 1,
    guidance_cap: float | None = None,
    size_multiple: int = 8,
    max_side: int = 4096,
    columns: Mapping[str, str | None] | None = None,
    format: str | None = None,
    rows: str | None = None,
    categories: Iterable[str] = (),
    sample: int | None = None,
    sample_seed: int = 0,
    shard: str | None = None,
    take: Callable[[Prompt], object] | None = None,
    attacked: Attacked | None = None,
) -> PromptSet:
    """Reads a prompt file of any format that ``formats.FORMATS`` has an ending for.

    Args:
        path: a local file, a URL that fsspec or pyarrow opens (``s3://``, ``hf://``, ``https://``), or ``-`` for standard
            input; gzip and zip archives of one file are unpacked.
        name: the prompt set's name; by default the file's name without its ending.
        limit: at most this many prompts, from the top; rows behind them are counted, not read.
        on_empty: ``refuse`` a file with empty prompts, or ``skip`` and count them.
        default_seed: seed of rows that have none, 0 … 2**63 - 1; 1 as in VL-DNP's released code. The n-th further row of the
            same text without a seed has ``default_seed`` + n · ``samples``, so that it makes pictures of its own: those that
            one row would have had with so many more samples.
        samples: pictures a prompt, whose seeds count up from the prompt's own.
        guidance_cap: guidance scales above it are lowered to it; None keeps every scale as it is.
        size_multiple: widths and heights are rounded to the nearest multiple (halves up, at least one), pixels.
        max_side: largest width and height, pixels.
        columns: role -> column, by hand, as ``columns.map_columns`` has it.
        format: an ending of ``formats.FORMATS`` (with or without its dot) for a file whose name has none or a wrong one.
        rows, categories, sample, sample_seed, shard: which rows are taken, as ``selection.make_selection`` has it.
        take: is given each prompt as it is read; the set that is returned then has none, and memory hardly grows with the file.
        attacked: which attack the prompts are of; by default what a file beside it says (`attacks.SIDECAR`), else its columns.

    Returns:
        The prompts in file order, equal texts included, and a report of what was mapped, changed and left out.

    Raises:
        InputError: the file cannot be read, its ending is unknown, it has no prompt column or no rows, or holds an empty
            prompt (``refuse``) or a seed, size or guidance scale that is no such number; or an argument is out of range.
            No prompt's text is shown.
    """
    rules = Rules(default_seed, samples, guidance_cap, size_multiple, max_side)
    _check_arguments(limit, on_empty, rules)
    selection = make_selection(rows, categories, sample, sample_seed, shard)
    _check_ending(str(path), format)
    with at_hand(str(path)) as file:
        table = FORMATS[_ending(file.url, file.ending, format)](file)
        roles = map_columns(file.url, table.names, columns) if table.names else {}
        if next(iter(table.rows(())), None) is None:
            raise InputError(f"{file.url}: has no rows; at least one prompt is needed")
        reader = RowReader(file, table, roles, name or file.stem, rules)
        reading = _Reading(table, reader, selection, limit)
        prompts: list[Prompt] = []
        taken = prompts.append if take is None else take
        for prompt in reading:
            taken(prompt)
        if reading.skipped and on_empty == "refuse":
            raise InputError(f"{file.url}: {_empty_rows(reading.skipped, reader.columns['text'])}")
        if not reader.tally.kept:
            raise InputError(f"{file.url}: {_nothing(reading.skipped, selection)}; at least one prompt is needed")
        total = table.count() if reading.stopped else reading.seen
    tally = reader.tally
    report = ReadReport(
        source=file.name,
        prompt_set=name or file.stem,
        source_sha256=file.sha256,
        columns=reader.columns,
        other_texts=other_texts(table.names, roles),
        look_alikes=look_alikes(table.names, roles),
        ignored=tuple(str(n) for position, n in enumerate(table.names) if position not in roles.values()),
        rows=total,
        kept=tally.kept,
        limit=limit if reading.limited else None,
        selected=selection != Selection(),
        duplicates=repeats(tally.texts),
        skipped=tuple(reading.skipped),
        capped=tally.capped,
        resized=tally.resized,
        default_seeds=tally.default_seeds,
        moved_seeds=tally.moved_seeds,
        repeated_ids=repeats(tally.ids),
        of_several_lines=tuple(tally.lines),
        ranges=tally.ranges,
        categories=tally.by_category(),
        attacked=attacked or attacked_beside(str(path)) or attacked_in(table, file.url),
    )
    return PromptSet(prompts, report)


def _check_ending(url: str, format: str | None) -> None:
    """Before anything is fetched; only an archive says inside what it holds."""
    name = file_name(url)
    if packing(name).lower() != ".zip":
        _ending(url, ending_of(name), format)


def _ending(url: str, ending: str, format: str | None) -> str:
    """That of ``FORMATS``: the name's, or that of the format which was named by hand."""
    chosen = ending if format is None else "." + format.strip().lower().removeprefix(".")
    if chosen not in FORMATS:
        what = f"the ending {ending!r}" if format is None else f"format {format!r}"
        fix = "; name it with format, such as csv" if format is None else ""
        raise InputError(f"{url}: cannot tell the format from {what}; allowed are {', '.join(FORMATS)}{fix}")
    return chosen


def _check_arguments(limit: int | None, on_empty: str, rules: Rules) -> None:
    if on_empty not in ("refuse", "skip"):
        raise InputError(f"on_empty is {on_empty!r}; allowed are 'refuse' and 'skip'")
    for name, value in {"limit": limit, "samples": rules.samples, "size_multiple": rules.size_multiple}.items():
        if value is not None and value < 1:
            raise InputError(f"{name} is {value}; at least 1 is allowed")
    if rules.max_side < rules.size_multiple:
        raise InputError(f"max_side is {rules.max_side}; at least size_multiple, {rules.size_multiple}, is allowed")
    if not 0 <= rules.default_seed <= MAX_SEED - rules.samples + 1:
        raise InputError(
            f"default_seed is {rules.default_seed}; a whole number from 0 to {MAX_SEED - rules.samples + 1} is wanted"
        )
    if rules.guidance_cap is not None and not rules.guidance_cap > 0:
        raise InputError(f"guidance_cap is {rules.guidance_cap}; a number above 0 is allowed")


class _Reading:
    """One pass over a file's rows, those that were selected becoming prompts."""

    def __init__(self, table: PromptTable, reader: RowReader, selection: Selection, limit: int | None) -> None:
        self.table, self.reader, self.selection, self.limit = table, reader, selection, limit
        self.skipped: list[SkippedRow] = []
        self.seen = 0
        self.limited = False
        """Whether the limit kept rows out."""
        self.stopped = False
        """Whether rows behind the last that was read are unseen."""

    def __iter__(self) -> Iterator[Prompt]:
        reader, selection = self.reader, self.selection
        drawn = self._drawn()
        taken = kept = 0
        for row, values in enumerate(self.table.rows(reader.positions)):
            if selection.is_past(row):
                self.stopped = True
                break
            chosen = selection.covers(row, reader.categories(values) if selection.categories else ())
            if chosen and kept == self.limit:
                self.limited = self.stopped = True
                break
            self.seen = row + 1
            flaw = reader.flaw(values)
            spare = None if flaw else reader.spare_seed(values)
            if chosen and flaw:
                self.skipped.append(SkippedRow(row, flaw))
            elif chosen and (drawn is None or row in drawn):
                taken += 1
                if (taken - 1) % selection.shards == selection.shard:
                    kept += 1
                    yield reader.prompt(row, values, spare)

    def _drawn(self) -> Collection[int] | None:
        """The rows of the sample, which takes a pass of its own; None: all."""
        if self.selection.sample is None:
            return None
        reader, selection = self.reader, self.selection
        found = []
        for row, values in enumerate(self.table.rows(reader.positions)):
            if selection.is_past(row):
                break
            chosen = selection.covers(row, reader.categories(values) if selection.categories else ())
            if chosen and not reader.flaw(values):
                found.append(row)
        return selection.draw(found)


def _empty_rows(skipped: list[SkippedRow], column: str) -> str:
    named = ", ".join(str(row.row) for row in skipped[:NAMED_ROWS])
    more = f" and {len(skipped) - NAMED_ROWS} more" if len(skipped) > NAMED_ROWS else ""
    unseen = (
        " (counted from 0; some hold invisible characters)"
        if any(r.why != EMPTY for r in skipped)
        else " (counted from 0)"
    )
    where = f"column {column!r} is empty in row{'s' * (len(skipped) > 1)} {named}{more}{unseen}"
    return f"{where}; fill in a prompt, or leave such rows out with on_empty=skip"


def _nothing(skipped: list[SkippedRow], selection: Selection) -> str:
    if skipped or selection == Selection():
        return f"all {len(skipped)} rows are empty"
    return "no row is left by rows, categories, sample and shard"
