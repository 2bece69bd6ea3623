"""What a command is asked: typed settings whose fields are its options."""

import os
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

PREFIX, DELIMITER = "SAFESWEEP_", "__"
"""Of environment variables: ``SAFESWEEP_VLM__REPLICAS``."""


def variable(name: str) -> str:
    """Of an option: ``vlm.replicas`` → ``SAFESWEEP_VLM__REPLICAS``."""
    return PREFIX + name.replace(".", DELIMITER).upper()


class CommandSettings(BaseSettings):
    """Options that stand on the command line alone. A field's docstring is its help."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    given: ClassVar[frozenset[str]] = frozenset()
    """Dotted names of the options that stand on the command line."""
    item_fields: ClassVar[tuple[str, ...]] = ()
    """Fields that are lists of sections: ``--prompts.0.shard 2/8`` is an option of the first."""
    item_options: ClassVar[Mapping[str, Mapping[int, Mapping[str, Any]]]] = {}
    """Such options as they stand on the command line: field -> place in the list -> option -> value."""
    groups: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Headings of the help, each with the fields below it; a section is a group of its own."""

    @classmethod
    def with_all_options(cls) -> type[Self]:
        """The class that a command line is read with. Where a section comes in several kinds, it has the options of all of them."""
        return cls

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, *others: Any, **named: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Keyword arguments; the command line is added where it is read."""
        return (init_settings,)


class PresetSettings(CommandSettings):
    """Options of a preset, the environment and the command line, the later winning over the earlier."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter=DELIMITER, nested_model_default_partial_update=True
    )

    preset_name: ClassVar[str] = ""
    """The preset as it was named: one of ``jobs/presets``, or a file."""
    preset: ClassVar[dict[str, Any]] = {}
    """Options as the preset has them."""
    hardware: ClassVar[dict[str, Any]] = {}
    """Options of the preset's section for the cards at hand; they win over the preset's own."""
    not_in_presets: ClassVar[tuple[str, ...]] = ()
    """Options that decide about what is the user's own. A preset is data, often somebody else's: it may not set them."""
    on_the_line_alone: ClassVar[tuple[str, ...]] = ()
    """Options that run something: neither a preset nor a variable may set them."""

    @classmethod
    def typed(cls, name: str) -> bool:
        """Whether an option, by its dotted name, stands on the command line or in the environment."""
        return name in cls.given or variable(name) in map(str.upper, os.environ)

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, *others: Any, **named: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Keyword arguments, then (added where it is read) the command line, then the environment, then hardware and preset."""
        written = (InitSettingsSource(settings_cls, init_kwargs=part) for part in (cls.hardware, cls.preset))
        return (init_settings, named["env_settings"], *written)


class PresetChoice(CommandSettings):
    """What is read before all other options, for it decides their defaults."""

    preset: str
    """Where all other options come from: a name among the presets, or a YAML file."""
    hardware: str | None = None
    """The preset's section for the cards at hand; by default its first."""
