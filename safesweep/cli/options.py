"""The options of a settings class, as pydantic-settings gives them to argparse, each with what help says of it."""

import re
from argparse import ArgumentParser
from dataclasses import dataclass
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_settings import CliSettingsSource

from safesweep.cli.settings import CommandSettings

_WORDS = {
    "int": "INTEGER",
    "float": "NUMBER",
    "str": "TEXT",
    "bool": "true|false",
    "Path": "PATH",
    "date": "DATE",
    "Any": "VALUE",
}


@dataclass(frozen=True)
class Option:
    """One option of a command."""

    name: str
    """Dotted: ``diffusion.max_rows``."""
    flags: tuple[str, ...]
    """As it stands on the command line; none where the value stands there alone, by its place."""
    kind: str
    """Of its values, in words: ``INTEGER``, ``a|b``, ``[NUMBER, …]``; empty for a switch."""
    fields: tuple[FieldInfo, ...]
    """Its field, in a section of several kinds that of each kind that has it."""
    needed: bool
    """It has no default, of whichever kind its section is, and the section is always there."""
    section: str
    """The section that it is in; empty at the top."""
    about: str
    """What the section is."""
    whole: bool
    """It is itself a section, given as JSON."""

    @property
    def sentence(self) -> str:
        """What stands under its field."""
        return " ".join((self.fields[0].description or "").replace("``", "").split())

    @property
    def default(self) -> Any:
        """Of the class; None where it has none."""
        return None if self.fields[0].is_required() else self.fields[0].get_default(call_default_factory=True)

    @property
    def open(self) -> bool:
        """A mapping: any key may stand below it."""
        return get_origin(self.fields[0].annotation) is dict


def options_of(model: type[CommandSettings]) -> tuple[Option, ...]:
    """All options in the order in which pydantic-settings gives them; those of a section follow it."""
    model = model.with_all_options()
    found: list[Option] = []

    def note(context: Any, *flags: str, **given: Any) -> None:
        positional = not flags[0].startswith("-")
        name = flags[0] if positional else given["dest"]
        action = given.get("action")
        fields, everywhere = _fields(model, name)
        switches = getattr(action, "__name__", "") == "BooleanOptionalAction"
        found.append(
            Option(
                name=name,
                flags=() if positional else (*flags, *(f"--no-{name}" for _ in range(switches))),
                kind="" if switches else _choices(fields) or in_words(given["metavar"]),
                fields=fields,
                needed=everywhere and all(field.is_required() for field in fields),
                section="" if context is parser else context.title.removesuffix(" options"),
                about="" if context is parser else " ".join((context.description or "").replace("``", "").split()),
                whole=given.get("const") == "{}",
            )
        )

    parser = ArgumentParser(add_help=False)
    CliSettingsSource(
        model,
        root_parser=parser,
        add_argument_method=note,
        cli_hide_none_type=True,
        cli_use_class_docs_for_groups=True,
    )
    return tuple(found)


def _fields(section: Any, name: str) -> tuple[tuple[FieldInfo, ...], bool]:
    """The field of each kind of ``section`` (a model, or a union of several) that has it, and whether all have, none of them being none."""
    first, _, rest = name.partition(".")
    kinds = [kind for kind in (section, *get_args(section)) if isinstance(kind, type) and issubclass(kind, BaseModel)]
    fields = [field for kind in kinds for key, field in kind.model_fields.items() if first in (key, field.alias)]
    everywhere = len(fields) == len(kinds) and NoneType not in get_args(section)
    return _fields(fields[0].annotation, rest) if rest else (tuple(fields), everywhere)


def _choices(fields: tuple[FieldInfo, ...]) -> str:
    """The values that are allowed, of whichever kind, where they are words; else the empty string."""
    words = [get_args(field.annotation) for field in fields if get_origin(field.annotation) is Literal]
    return "|".join(dict.fromkeys(str(word) for one in words for word in one)) if len(words) == len(fields) else ""


def in_words(metavar: str) -> str:
    """A type as argparse would show it, as a reader would say it: ``INTEGER``, ``a|b``, ``[JSON, …]``."""
    many = re.fullmatch(r"(?:tuple|list)\[(.*?)(?:,\.\.\.)?\]", metavar)
    if many:
        return f"[{in_words(many[1])}, …]"
    if metavar.startswith("dict["):
        return "JSON"
    if metavar.startswith("{"):
        return "|".join(in_words(one) for one in metavar[1:-1].split(","))
    return _WORDS.get(metavar, metavar)
