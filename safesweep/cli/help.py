"""The help of a command: a first screen with what people use and an example each, and all options in groups."""

import json
import textwrap
from argparse import SUPPRESS, ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from safesweep.cli.options import Option, options_of
from safesweep.cli.presets import preset_names, read_preset
from safesweep.cli.reading import Source
from safesweep.cli.settings import CommandSettings, PresetChoice

WIDTH, INDENT = 110, 36
LONGEST_DEFAULT = 60
"""Characters; a longer one is cut."""


def command_help(
    name: str, about: str, model: type[CommandSettings], source: Source, examples: Mapping[str, str], everything: bool
) -> str:
    """The text for ``safesweep NAME --help``, or with ``everything`` for ``--help all``; defaults are those of the chosen preset.

    ``about`` is the command's docstring: its first paragraph opens the screen, and what it says of exit codes closes it. ``examples``
    are the options of the first screen, each with a value; without any, it shows all.
    """
    options = list(options_of(model))
    if source.preset:
        options = [*options_of(PresetChoice), *options]
    parser = ArgumentParser(
        usage=" ".join([f"safesweep {name}", *filter(None, map(_place, options)), "[--OPTION VALUE …]"]),
        description=_first_lines(about, source),
        epilog=_last_lines(name, about, model, source, len(options), everything or not examples),
        formatter_class=_formatter,
        add_help=False,
    )
    default = _defaults(source)
    places = [option for option in options if option.name in examples or not option.flags or not examples]
    if everything or not examples:
        for title, members in _groups(model, options).items():
            group = parser.add_argument_group(title, members[0].about or None)
            for option in members:
                group.add_argument(*option.flags or [option.name], **_entry(option, option.kind, default(option)))
    else:
        shown = {option.name: option for option in places}
        group = parser.add_argument_group("what people use, each with an example")
        for key in [*(option.name for option in places if not option.flags), *examples]:
            option = shown[key]
            example = examples.get(key, key.upper())
            group.add_argument(
                *option.flags[:1] or [option.name], **_entry(option, example, default(option), kind=option.kind)
            )
    return parser.format_help()


def _entry(option: Option, metavar: str, default: str, kind: str = "") -> dict[str, Any]:
    """Keywords of ``add_argument``. With a ``kind`` the metavar is an example."""
    sentence = "All options of the section, as JSON." if option.whole and not kind else option.sentence
    facts = "; ".join(filter(None, [kind if not option.whole else "", default]))
    entry: dict[str, Any] = {"help": f"{sentence} ({facts})".removesuffix(" ()").replace("%", "%%")}
    if not option.flags:
        entry["metavar"] = option.name.upper()
    elif metavar:
        entry["metavar"] = metavar
    else:
        entry["action"] = "store_true"
    return entry | ({"default": SUPPRESS} if option.flags else {})


def _defaults(source: Source) -> Callable[[Option], str]:
    """Option → its default in words, the preset's before that of the class."""

    def default(option: Option) -> str:
        if option.whole:
            return ""
        value = option.default
        if source.preset:
            own = {"preset": source.preset_name, "hardware": next(iter(source.preset.kinds), None)}
            value = own[option.name] if option.name in own else source.preset.value(option.name, value)
        if value is None or value == {}:
            return "needed" if option.needed else ""
        return f"default {_shown(value)}"

    return default


def _groups(model: type[CommandSettings], options: Iterable[Option]) -> dict[str, list[Option]]:
    grouped = {field: title for title, fields in model.groups.items() for field in fields}
    rest = "options"
    groups: dict[str, list[Option]] = {title: [] for title in (*model.groups, rest)}
    for option in options:
        title = option.section.partition(".")[0] or grouped.get(option.name, rest)
        groups.setdefault(title, []).append(option)
    return {title: members for title, members in groups.items() if members}


def _place(option: Option) -> str:
    if option.flags:
        return ""
    return option.name.upper() if option.needed else f"[{option.name.upper()}]"


def _first_lines(about: str, source: Source) -> str:
    lines = textwrap.wrap(paragraphs(about)[0], WIDTH)
    if source.preset:
        lines += ["", f"Defaults are those of preset {source.preset_name}."]
    return "\n".join(lines)


def _last_lines(
    name: str, about: str, model: type[CommandSettings], source: Source, count: int, everything: bool
) -> str:
    lines = [] if everything else [f"safesweep {name} --help all shows all {count} options in their groups.", ""]
    if source.preset:
        lines += textwrap.wrap(f"Presets: {', '.join(_presets_of(model))}.", WIDTH)
        lines += ["Options win over variables such as SAFESWEEP_VLM__REPLICAS=2, these over the preset."]
    lines += [
        line for text in paragraphs(about) if text.startswith("Exit codes") for line in textwrap.wrap(text, WIDTH)
    ]
    return "\n".join(lines).strip()


def _presets_of(model: type[CommandSettings]) -> list[str]:
    """Names of the presets that have no option beside those of ``model``."""
    return [name for name in preset_names() if set(read_preset(name).options) <= set(model.model_fields)]


def paragraphs(docstring: str) -> list[str]:
    """Of a docstring, each on one line, without those that are indented; a sentence that begins with "Exit codes" begins one."""
    text = (
        docstring.replace("``", "")
        .replace(" Exit codes:", "\n\nExit codes:")
        .replace("\nExit codes:", "\n\nExit codes:")
    )
    parts = [part for part in text.split("\n\n") if part.strip() and not part.startswith("    ")]
    return [" ".join(part.split()) for part in parts]


def _shown(value: Any) -> str:
    if isinstance(value, list | tuple | dict | bool):
        text = json.dumps(value, ensure_ascii=False, default=str)
    else:
        text = f"{value:g}" if isinstance(value, float) else str(value) or '""'
    return text if len(text) <= LONGEST_DEFAULT else f"{text[:LONGEST_DEFAULT]}…"


def _formatter(prog: str) -> RawDescriptionHelpFormatter:
    return RawDescriptionHelpFormatter(prog, width=WIDTH, max_help_position=INDENT)
