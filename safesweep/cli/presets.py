"""Presets: YAML files of options, with a section for each kind of hardware."""

from pathlib import Path
from typing import Any, NamedTuple

import yaml

from safesweep.errors import InputError, did_you_mean
from safesweep.files import jobs_folder

PRESETS = jobs_folder() / "presets"


class Preset(NamedTuple):
    """A preset file: its options, and those that it has for a kind of hardware."""

    path: Path
    options: dict[str, Any]
    hardware: dict[str, Any]
    """Of the chosen kind; they win over the preset's own."""
    kinds: tuple[str, ...] = ()
    """Of hardware that it knows, the default first."""

    def value(self, name: str, default: Any = None) -> Any:
        """An option by its dotted name, as hardware or preset have it, or ``default``."""
        for part in (self.hardware, self.options):
            found: Any = part
            for key in name.split("."):
                found = found[key] if isinstance(found, dict) and key in found else _MISSING
            if found is not _MISSING:
                return found
        return default


_MISSING = object()


def read_preset(name: str, hardware: str | None = None) -> Preset:
    """A preset by its name among ``jobs/presets``, or by the path of a YAML file.

    Its section ``hardware`` holds, by name, options that depend on the cards: ``hardware`` picks one, by default the first.

    Raises:
        InputError: no such preset or file, not YAML, not a mapping, or no such hardware in it.
    """
    named = PRESETS / f"{name}.yaml"
    path = named if named.is_file() else Path(name)
    if not path.is_file():
        known = preset_names()
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
    return Preset(path, options, own, tuple(choices))


def preset_names() -> list[str]:
    """Those among ``jobs/presets``."""
    return sorted(entry.stem for entry in PRESETS.glob("*.yaml"))


def _check_mapping(value: Any, where: str) -> None:
    if not isinstance(value, dict):
        raise InputError(f"{where}: must hold a mapping of options, found {type(value).__name__}")
