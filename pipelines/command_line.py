"""A job's command line: ``--preset NAME`` and any option of the config, dotted."""

import sys
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_settings import CliSettingsSource, SettingsError

from guidance.errors import InputError, did_you_mean
from pipelines.config import PRESETS, RunConfig
from pipelines.config_errors import dotted_keys, explain

DEFAULT_PRESET = "miniature"


def preset_path(name: str) -> Path:
    """File of a preset: its name among ``jobs/presets``, or a path to a YAML file. Raises ``InputError``."""
    named = PRESETS / f"{name}.yaml"
    path = named if named.is_file() else Path(name)
    if not path.is_file():
        known = sorted(entry.stem for entry in PRESETS.glob("*.yaml"))
        hint = did_you_mean(name, known)
        raise InputError(f"--preset: no preset or file {name!r}; presets: {', '.join(known)}{hint}")
    try:
        content = yaml.safe_load(path.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: is not YAML: {error}") from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: must hold a mapping of options, found {type(content).__name__}")
    return path


def _take(arguments: list[str], option: str, default: str) -> tuple[str, list[str]]:
    rest, value, index = [], default, 0
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


def _check_options(arguments: list[str], known: list[str]) -> None:
    for argument in arguments:
        if argument.startswith("--"):
            key = argument[2:].split("=")[0]
            if key not in known and key != "help":
                raise InputError(f"--{key}: unknown option{did_you_mean(key, known)}")


def read_config(arguments: list[str]) -> RunConfig:
    """The run's configuration from its command line, e.g. ``--preset sd14 --diffusion.max_rows 32``.

    Raises ``InputError`` for an unknown option or key (naming the nearest) and for every value of a wrong type or range.
    """
    preset, rest = _take(arguments, "--preset", DEFAULT_PRESET)
    path = preset_path(preset)
    known = dotted_keys(RunConfig)
    _check_options(rest, known)

    class Settings(RunConfig):
        preset_path = path

        @classmethod
        def settings_customise_sources(cls, settings_cls: Any, init_settings: Any, *others: Any, **named: Any) -> Any:
            sources = RunConfig.settings_customise_sources.__func__(cls, settings_cls, init_settings, *others, **named)
            command_line = CliSettingsSource(
                settings_cls, cli_parse_args=rest, cli_exit_on_error=False, cli_prog_name=Path(sys.argv[0]).name
            )
            return (command_line, *sources)

    try:
        settings = Settings()
    except ValidationError as error:
        raise InputError(f"{path.name} and options: {explain(error, allowed=known)}") from error
    except SettingsError as error:
        raise InputError(f"options: {error}") from error
    return settings
