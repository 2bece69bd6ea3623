"""A command's settings as a plugin might write them, beside presets of their own."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import ConfigDict, Field, PositiveInt
from pydantic_settings import CliDualFlag, CliPositionalArg

from safesweep.cli.settings import CommandSettings, PresetSettings
from safesweep.settings import Section


class Engine(Section):
    """What turns."""

    rows: PositiveInt = 8
    """Rows of ``one`` forward, 100 % of them."""
    kind: Literal["fast", "exact"] = "fast"
    """How."""
    model: str
    """Folder."""
    labels: dict[str, str] = Field(default={})
    """Of nodes."""


class Run(PresetSettings):
    """A run."""

    groups: ClassVar[Mapping[str, tuple[str, ...]]] = {"how much": ("limit", "scales")}

    limit: PositiveInt | None = None
    """At most so many."""
    scales: tuple[float, ...] = (1.0, 2.5)
    """To be tried."""
    name: str
    """Of the run."""
    engine: Engine
    """The engine."""


class Other(Engine):
    """Another kind."""

    kind: Literal["slow"] = "slow"  # type: ignore[assignment]
    """How."""
    steam: float
    """Of this kind alone."""


class AnyRun(Run):
    """A run whose engine is of one kind or another."""

    @classmethod
    def with_all_options(cls) -> "type[AnyRun]":
        class Options(cls):  # type: ignore[misc, valid-type]
            model_config = ConfigDict(use_attribute_docstrings=False)
            engine: Engine | Other = cls.model_fields["engine"]

        return Options


class Look(CommandSettings):
    """A look."""

    file: CliPositionalArg[Path]
    """What is looked at."""
    on_empty: Literal["refuse", "skip"] = "refuse"
    """Empty rows."""
    texts: CliDualFlag[bool] = True
    """Show texts."""
    json_file: Path | None = Field(default=None, alias="json")
    """Where numbers go."""
    most: int = Field(default=3, ge=0)
    """Rows shown."""


def write_preset(folder: Path, text: str = "") -> str:
    """A preset file for ``Run``; returns its path."""
    path = folder / "made.yaml"
    path.write_text(
        text
        or "name: first\nlimit: 5\nengine: {model: small, rows: 4}\n"
        "hardware: {laptop: {engine: {rows: 2}}, big: {engine: {rows: 64, labels: {zone: a}}}}\n"
    )
    return str(path)


def values(settings: CommandSettings) -> dict[str, Any]:
    """All options, sections as mappings."""
    return settings.model_dump()
