"""A prompt set as a configuration has it, and its reading."""

from collections.abc import Callable
from typing import Literal

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from safesweep.prompts.formats import FORMATS
from safesweep.prompts.reader import PromptSet, read_prompts
from safesweep.prompts.source import list_files
from safesweep.settings import Section
from safesweep.types import Prompt


class PromptFileSettings(Section):
    """One prompt set of the run; or several, where the path is that of a folder or a pattern."""

    path: str
    """CSV, TSV, JSON, JSON Lines, Parquet or text, packed with gzip or zip or not; docs/prompts.md lists the columns."""
    benign: bool = False
    """Benign sets measure the cost of guidance; all others count towards the attack success rate."""
    near_miss: bool = Field(default=False, exclude_if=lambda value: not value)
    """A benign set whose prompts look dangerous and are not: it measures over-refusal, and counts neither as hazard nor towards the cost on
    plain benign prompts."""
    name: str | None = None
    """Name of the set in the lake; by default the file's name without its ending."""
    limit: PositiveInt | None = None
    """Read only so many rows."""
    on_empty: Literal["refuse", "skip"] | None = None
    """What to do with a row whose text is empty; by default what the run does."""
    columns: dict[str, str | None] = Field(default={})
    """Role (text, seed, guidance, width, height, id, categories) -> column, by hand; null for a role that none shall play."""
    format: str | None = None
    """csv, tsv, jsonl, json, parquet or txt, for a file whose name does not end so."""
    rows: str | None = None
    """Only these rows, as 100:200, counted from 0."""
    categories: tuple[str, ...] = ()
    """Only rows of any of these categories."""
    sample: PositiveInt | None = None
    """Only so many rows, drawn at random."""
    sample_seed: NonNegativeInt = 0
    """Another seed draws others."""
    shard: str | None = None
    """One part of the rows, as 2/8 for the second of eight."""

    @model_validator(mode="after")
    def _is_one_kind(self) -> "PromptFileSettings":
        if self.near_miss and "benign" in self.model_fields_set and not self.benign:
            raise ValueError(
                "near_miss is true and benign false; allowed: near_miss alone, such prompts ask for nothing unsafe"
            )
        return self

    @property
    def is_benign(self) -> bool:
        """Whether its prompts ask for nothing unsafe: a benign set, or one of near misses."""
        return self.benign or self.near_miss

    def read(
        self,
        *,
        limit: int | None = None,
        on_empty: Literal["refuse", "skip"] = "refuse",
        default_seed: int = 1,
        samples: int = 1,
        guidance_cap: float | None = None,
        max_side: int = 4096,
        size_multiple: int = 8,
        take: Callable[[Prompt], object] | None = None,
    ) -> list[PromptSet]:
        """The set, or those of a folder's or pattern's files in the order of their names.

        ``limit`` and ``on_empty`` are the run's, for a set that has none of its own; the others as in ``read_prompts``.

        Raises ``InputError``, as ``read_prompts`` does.
        """
        return [
            read_prompts(
                path,
                name=self.name,
                limit=self.limit or limit,
                on_empty=self.on_empty or on_empty,
                default_seed=default_seed,
                samples=samples,
                guidance_cap=guidance_cap,
                size_multiple=size_multiple,
                max_side=max_side,
                columns=self.columns,
                format=self.format,
                rows=self.rows,
                categories=self.categories,
                sample=self.sample,
                sample_seed=self.sample_seed,
                shard=self.shard,
                take=take,
            )
            for path in list_files(self.path, FORMATS.names())
        ]
