"""A job's command line: ``--preset NAME``, ``--hardware NAME`` and any option of the config, dotted."""

import sys
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import yaml
from pydantic import ValidationError
from pydantic_settings import CliSettingsSource, SettingsError

from pipelines.config import PRESETS, RunConfig
from safesweep.config_errors import dotted_keys, explain
from safesweep.errors import InputError, did_you_mean
from safesweep.vlm.backends import vlm_options

DEFAULT_PRESET = "miniature"
Config = TypeVar("Config", bound=RunConfig)


class Preset(NamedTuple):
    """A preset file: its options, and those that it has for a kind of hardware."""

    path: Path
    options: dict[str, Any]
    hardware: dict[str, Any]


def read_preset(name: str, hardware: str | None = None) -> Preset:
    """A preset by its name among ``jobs/presets``, or by the path of a YAML file.

    Its section ``hardware`` holds, by name, options that depend on the cards: ``hardware`` picks one, by default the first.

    Raises:
        InputError: no such preset or file, not YAML, not a mapping, or no such hardware in it.
    """
    named = PRESETS / f"{name}.yaml"
    path = named if named.is_file() else Path(name)
    if not path.is_file():
        known = sorted(entry.stem for entry in PRESETS.glob("*.yaml"))
        hint = did_you_mean(name, known)
        raise InputError(f"--preset: no preset or file {name!r}; presets: {', '.join(known)}{hint}")
    try:
        options = yaml.safe_load(path.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: is not YAML: {error}") from error
    _check_mapping(options, str(path))
    choices = options.pop("hardware", {})
    _check_mapping(choices, f"{path}: hardware")
    if hardware is not None and hardware not in choices:
        allowed = f"allowed: {', '.join(choices)}" if choices else "the preset has no section for any"
        raise InputError(f"--hardware: {path.name} has no {hardware!r}; {allowed}{did_you_mean(hardware, choices)}")
    chosen = hardware or next(iter(choices), None)
    own = {} if chosen is None else choices[chosen] or {}
    _check_mapping(own, f"{path}: hardware.{chosen}")
    return Preset(path, options, own)


def _check_mapping(value: Any, where: str) -> None:
    if not isinstance(value, dict):
        raise InputError(f"{where}: must hold a mapping of options, found {type(value).__name__}")


def _take(arguments: list[str], option: str) -> tuple[str | None, list[str]]:
    rest: list[str] = []
    value: str | None = None
    index = 0
    while index < len(arguments):
        argument = arguments[index]
        if argument == option:
            if index + 1 == len(arguments):
                raise InputError(f"{option}: needs a value")
            value, index = arguments[index + 1], index + 2
        elif argument.startswith(option + "="):
            value, index = argument.removeprefix(option + "="), index + 1
        else:
            rest.append(argument)
            index += 1
    return value, rest


def take_plan_flag(arguments: list[str]) -> tuple[list[str], bool]:
    """The arguments without ``--plan``, and whether it or one of its options was among them: they ask for a plan, not a run."""
    planning = any(argument == "--plan" or argument.startswith("--plan.") for argument in arguments)
    return [argument for argument in arguments if argument != "--plan"], planning


def _check_options(arguments: list[str], known: list[str]) -> None:
    for argument in arguments:
        if argument.startswith("--"):
            key = argument[2:].split("=")[0]
            if key not in known and key != "help":
                raise InputError(f"--{key}: unknown option{did_you_mean(key, known)}")


def read_config(arguments: list[str], model: type[Config] = RunConfig, default_preset: str = DEFAULT_PRESET) -> Config:
    """The run's configuration from its command line, e.g. ``--preset sd14 --hardware 80gb --vlm.replicas 2``.

    ``model`` is the kind of configuration, for jobs that add options of their own.

    Raises ``InputError`` for an unknown option or key (naming the nearest) and for every value of a wrong type or range.
    """
    name, rest = _take(arguments, "--preset")
    hardware_name, rest = _take(rest, "--hardware")
    found = read_preset(name or default_preset, hardware_name)

    class Settings(model):  # type: ignore[misc, valid-type]
        vlm: vlm_options()  # type: ignore[valid-type]
        preset = found.options
        hardware = found.hardware

        @classmethod
        def settings_customise_sources(cls, settings_cls: Any, init_settings: Any, *others: Any, **named: Any) -> Any:
            sources = model.settings_customise_sources.__func__(cls, settings_cls, init_settings, *others, **named)
            command_line = CliSettingsSource(
                settings_cls, cli_parse_args=rest, cli_exit_on_error=False, cli_prog_name=Path(sys.argv[0]).name
            )
            return (command_line, *sources)

    known = dotted_keys(Settings)
    _check_options(rest, known)
    try:
        settings = Settings()
    except ValidationError as error:
        raise InputError(f"{found.path.name} and options: {explain(error, allowed=known)}") from error
    except SettingsError as error:
        raise InputError(f"options: {error}") from error
    return settings
