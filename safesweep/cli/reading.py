"""From the words of a command line to its settings."""

import json
import os
import re
from argparse import ArgumentError, ArgumentParser
from collections.abc import Iterable
from typing import Any, ClassVar, NamedTuple, TypeVar, cast

from pydantic import ConfigDict, ValidationError
from pydantic_settings import BaseSettings, CliSettingsSource, PydanticBaseSettingsSource, SettingsError

from safesweep.cli.environment import check_environment
from safesweep.cli.options import Option, options_of
from safesweep.cli.presets import Preset, read_preset
from safesweep.cli.settings import CommandSettings, PresetSettings, variable
from safesweep.config_errors import explain
from safesweep.errors import InputError, did_you_mean

Settings = TypeVar("Settings", bound=CommandSettings)
Items = dict[str, dict[int, dict[str, Any]]]


class Source(NamedTuple):
    """What is read before all other options: the preset, and whether help is asked for instead of work."""

    preset: Preset | None
    """None for a command that has none."""
    preset_name: str
    """As it was named."""
    help: str | None
    """The word after ``--help`` ("" where there is none), or None."""
    rest: list[str]
    """The command line less all this."""


def find_source(words: list[str], default_preset: str | None = None) -> Source:
    """Takes ``--help`` off the command line and, where there is a preset by default, ``--preset`` and ``--hardware``.

    Raises ``InputError`` where a value is missing or there is no such preset or hardware.
    """
    parser = ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("-h", "--help", nargs="?", const="")
    if default_preset is not None:
        parser.add_argument("--preset", default=default_preset)
        parser.add_argument("--hardware")
    try:
        found, rest = parser.parse_known_args(words)
    except ArgumentError as error:
        raise InputError(f"{error.argument_name}: needs a value") from error
    if default_preset is None:
        return Source(None, "", found.help, rest)
    return Source(read_preset(found.preset, found.hardware), found.preset, found.help, rest)


def read_settings(
    words: list[str],
    model: type[Settings],
    default_preset: str | None = None,
    others: Iterable[type[CommandSettings]] = (),
) -> Settings:
    """A command's settings, e.g. of ``--preset sd14 --hardware 80gb --vlm.replicas 2``.

    ``others`` are settings of commands that share the environment: their variables are no mistakes.

    Raises ``InputError`` for an unknown option, variable or key (naming the nearest) and for every value of a wrong type or range.
    """
    return from_source(find_source(words, default_preset), model, others)


def from_source(source: Source, model: type[Settings], others: Iterable[type[CommandSettings]] = ()) -> Settings:
    """As ``read_settings``, where the preset is found already."""
    options = options_of(model)
    words, items = _take_items(source.rest, model.item_fields)
    rest, given = _spell(words, options)
    if issubclass(model, PresetSettings):
        known: tuple[type[CommandSettings], ...] = (model, *others)
        presets = [one for one in known if issubclass(one, PresetSettings)]
        alone = {name for one in presets for name in one.on_the_line_alone}
        check_environment(os.environ, [option for one in known for option in options_of(one)], alone)
        _check_preset(source, model)
    try:
        return _with_sources(model.with_all_options(), source, rest, given, items)()
    except ValidationError as error:
        where = f"{source.preset.path.name} and options" if source.preset else "options"
        raise InputError(f"{where}: {explain(error, allowed=[option.name for option in options])}") from error
    except SettingsError as error:
        raise InputError(f"options: {error}") from error


def _check_preset(source: Source, model: type[PresetSettings]) -> None:
    """Raises ``InputError`` for an option that is not for presets to set."""
    if source.preset is None:
        return
    for name in (*model.not_in_presets, *model.on_the_line_alone):
        if name in source.preset.options or name in source.preset.hardware:
            or_variable = "" if name in model.on_the_line_alone else f" or {variable(name)}"
            raise InputError(
                f"{source.preset.path}: {name}: no preset may set it; allowed: --{name} on the command line{or_variable}"
            )


def _spell(words: list[str], options: Iterable[Option]) -> tuple[list[str], frozenset[str]]:
    """The words with every option spelt as its field is (``--on-empty`` is ``--on_empty``), and the names of the options among them."""
    known = {flag.replace("-", "_"): (flag, option.name) for option in options for flag in option.flags}
    spelt: list[str] = []
    given: set[str] = set()
    for word in words:
        if word.startswith("--"):
            flag, equals, value = word.partition("=")
            if flag.replace("-", "_") not in known:
                raise InputError(
                    f"{flag}: unknown option{did_you_mean(flag[2:], [name for _, name in known.values()])}"
                )
            flag, name = known[flag.replace("-", "_")]
            given.add(name)
            word = f"{flag}{equals}{value}"
        spelt.append(word)
    return spelt, frozenset(given)


def _take_items(words: list[str], fields: Iterable[str]) -> tuple[list[str], Items]:
    """The words less the options of single items of lists, and these."""
    names = "|".join(fields)
    rest: list[str] = []
    items: Items = {}
    left = iter(words)
    for word in left:
        found = re.fullmatch(rf"--({names})\.(\d+)\.([\w.-]+?)(?:=(.*))?", word, re.DOTALL) if names else None
        if found is None:
            rest.append(word)
            continue
        field, place, option, value = found.groups()
        value = next(left, None) if value is None else value
        if value is None:
            raise InputError(f"{word}: needs a value")
        try:
            written: Any = json.loads(value) if value[:1] in ("[", "{") else value
        except ValueError as error:
            raise InputError(f"{word}: is not JSON: {error}") from None
        first, *keys = option.replace("-", "_").split(".")
        options = items.setdefault(field, {}).setdefault(int(place), {})
        if keys:
            options.setdefault(first, {})[".".join(keys)] = written
        else:
            options[first] = written
    return rest, items


def _with_sources(
    model: type[Settings], source: Source, words: list[str], on_line: frozenset[str], items: Items
) -> type[Settings]:
    class Read(model):  # type: ignore[misc, valid-type]
        model_config = ConfigDict(use_attribute_docstrings=False)
        given: ClassVar[frozenset[str]] = on_line
        item_options: ClassVar[Items] = items
        preset_name: ClassVar[str] = source.preset_name
        preset: ClassVar[dict[str, Any]] = source.preset.options if source.preset else {}
        hardware: ClassVar[dict[str, Any]] = source.preset.hardware if source.preset else {}

        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, *others: Any, **named: Any
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            below = super().settings_customise_sources(settings_cls, init_settings, *others, **named)
            line: CliSettingsSource[Any] = CliSettingsSource(
                settings_cls, cli_parse_args=words, cli_exit_on_error=False
            )
            return (line, *below)

    return cast(type[Settings], Read)
