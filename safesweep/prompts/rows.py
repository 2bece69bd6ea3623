"""From a file's values to prompts, row by row, counting what is changed and left out on the way."""

from array import array
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from safesweep.errors import InputError
from safesweep.prompts.categories import read_categories
from safesweep.prompts.formats import PromptTable
from safesweep.prompts.source import SourceFile
from safesweep.prompts.values import (
    MAX_SEED,
    FileValue,
    is_invisible,
    is_missing,
    read_guidance,
    read_id,
    read_text,
    read_whole,
    to_multiple,
)
from safesweep.types import Prompt

MOST_KNOWN = 10_000
"""Different values of a column that are kept in mind."""
EMPTY, INVISIBLE = "empty prompt", "a prompt of invisible characters"


@dataclass(frozen=True)
class Rules:
    """How values become prompts; ``reader.read_prompts`` explains each."""

    default_seed: int = 1
    samples: int = 1
    guidance_cap: float | None = None
    size_multiple: int = 8
    max_side: int = 4096


class Range(NamedTuple):
    """Smallest and largest of some numbers."""

    low: float
    high: float


_PLAIN = frozenset((str, int, float))
"""Types whose equal values mean the same."""


@dataclass
class Tally:
    """What was met among the rows that became prompts."""

    kept: int = 0
    capped: int = 0
    resized: int = 0
    default_seeds: int = 0
    moved_seeds: int = 0
    lines: list[int] = field(default_factory=list)
    texts: "array[int]" = field(default_factory=lambda: array("q"))
    """Hashes, of which a million take 8 MB."""
    ids: "array[int]" = field(default_factory=lambda: array("q"))
    categories: Counter[tuple[str, ...]] = field(default_factory=Counter)
    ranges: dict[str, Range] = field(default_factory=dict)

    def widen(self, role: str, value: float | None) -> None:
        """Takes one more value into the role's range."""
        if value is not None:
            low, high = self.ranges.get(role, (value, value))
            self.ranges[role] = Range(min(low, value), max(high, value))

    def by_category(self) -> dict[str, int]:
        """Category -> rows, the most frequent first."""
        found: Counter[str] = Counter()
        for names, rows in self.categories.items():
            found.update(dict.fromkeys(names, rows))
        return dict(found.most_common())


def repeats(hashes: "array[int]") -> int:
    """How many of them an earlier one equals."""
    return len(hashes) - len(np.unique(np.asarray(hashes)))


class RowReader:
    """Makes a prompt of a row's values."""

    def __init__(
        self, file: SourceFile, table: PromptTable, roles: Mapping[str, int], prompt_set: str, rules: Rules
    ) -> None:
        self.file, self.prompt_set, self.rules = file, prompt_set, rules
        self.positions = tuple(roles.values())
        self.columns = {role: str(table.names[position]) for role, position in roles.items()}
        self.tally = Tally()
        self._places = {role: place for place, role in enumerate(roles)}
        self._without_seed: dict[int, int] = {}
        """Hash of a text -> how many rows without a seed had it. A hash takes a third of a text's memory."""
        self._known: dict[str, dict[object, Any]] = {role: {} for role in ("guidance", "width", "height", "categories")}
        """Role -> value -> what it means: few different values stand in many rows, and each is read, checked and kept once."""
        last = MAX_SEED - rules.samples + 1
        pictures = f" ({rules.samples} samples a prompt count up from it)" if rules.samples > 1 else ""
        self._last_seed = last
        self._wanted_seed = f"a whole number from 0 to {last} is wanted{pictures}"
        self._wanted_size = f"a whole number of pixels, 1 to {rules.max_side}, is wanted"
        if "seed" in roles and table.type_of(roles["seed"]) in ("float", "halffloat"):
            fix = "a float32 has lost the digits of large seeds; save whole numbers"
            raise InputError(f"{file.url}: column {self.columns['seed']!r} is {table.type_of(roles['seed'])}; {fix}")

    def flaw(self, values: Sequence[object]) -> str | None:
        """Why a row has no prompt; None for one that has."""
        text = values[self._places["text"]]
        if is_missing(text):
            return EMPTY
        return INVISIBLE if isinstance(text, str) and is_invisible(text) else None

    def categories(self, values: Sequence[object]) -> tuple[str, ...]:
        """Of a row."""
        found: tuple[str, ...] = self._once("categories", 0, values, lambda value, _: read_categories(value))
        return found

    def spare_seed(self, values: Sequence[object]) -> int | None:
        """The seed of a row that has none, which no earlier row of the same text without a seed has; None for a row with one.

        To be asked for every row without a flaw, in order, whether it is taken or not: a part of a file has the whole's seeds.
        """
        if not is_missing(self._value("seed", values)):
            return None
        key = hash(values[self._places["text"]])
        earlier = self._without_seed.get(key, 0)
        self._without_seed[key] = earlier + 1
        return self.rules.default_seed + earlier * self.rules.samples

    def prompt(self, row: int, values: Sequence[object], spare_seed: int | None) -> Prompt:
        """The prompt of a row without a flaw. Raises ``InputError`` for a value that is no such number or text."""
        tally, rules = self.tally, self.rules
        text = read_text(values[self._places["text"]], self._at("text", row))
        seed = spare_seed
        if seed is None:
            value = self._value("seed", values)
            seed = read_whole(value, self._at("seed", row), 0, self._last_seed, self._wanted_seed)
            assert seed is not None
            low, high = tally.ranges.get("seed", (seed, seed))
            if not low < seed < high:
                tally.widen("seed", seed)
        else:
            tally.default_seeds += 1
            tally.moved_seeds += seed != rules.default_seed
        guidance, capped = self._once("guidance", row, values, self._guidance) or (None, False)
        width, wide = self._once("width", row, values, self._side) or (None, False)
        height, high_side = self._once("height", row, values, self._side) or (None, False)
        categories = self.categories(values)
        prompt_id = read_id(self._value("id", values), row)
        tally.kept += 1
        tally.capped += capped
        tally.resized += wide or high_side
        tally.texts.append(hash(text))
        if "id" in self._places:
            tally.ids.append(hash(prompt_id))
        if "\n" in text or "\r" in text:
            tally.lines.append(row)
        tally.categories[categories] += 1
        file = self.file
        return Prompt(
            text, seed, guidance, width, height, prompt_id, row, categories, self.prompt_set, file.name, file.sha256
        )

    def _guidance(self, value: object, at: FileValue) -> tuple[float, bool] | None:
        """The scale and whether it was capped."""
        guidance, cap = read_guidance(value, at), self.rules.guidance_cap
        self.tally.widen("guidance", guidance)
        if guidance is None:
            return None
        return (guidance, False) if cap is None or guidance <= cap else (float(cap), True)

    def _side(self, value: object, at: FileValue) -> tuple[int, bool] | None:
        """The side, pixels, and whether it was rounded."""
        side = read_whole(value, at, 1, self.rules.max_side, self._wanted_size)
        if side is None:
            return None
        self.tally.widen(at.role, side)
        rounded = to_multiple(side, self.rules.size_multiple)
        return rounded, rounded != side

    def _once(self, role: str, row: int, values: Sequence[object], read: Callable[[object, FileValue], Any]) -> Any:
        known = self._known[role]
        place = self._places.get(role)
        value = None if place is None else values[place]
        try:
            # True would be taken for 1
            if value is None or type(value) in _PLAIN:
                return known[value]
        except KeyError:
            if len(known) >= MOST_KNOWN:
                known.clear()
            known[value] = read(value, self._at(role, row))
            return known[value]
        return read(value, self._at(role, row))

    def _value(self, role: str, values: Sequence[object]) -> object:
        place = self._places.get(role)
        return None if place is None else values[place]

    def _at(self, role: str, row: int) -> FileValue:
        return FileValue(self.file.url, row, self.columns.get(role, role), role)
