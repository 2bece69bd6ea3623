"""Turns pydantic's errors into one clear line each."""

from collections.abc import Iterable, Iterator
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from safesweep.errors import did_you_mean
from safesweep.redaction import shown_url

SECRET = frozenset({"api_key_env", "urls", "webhook"})
"""Options whose value is never shown: addresses that are keys themselves, and where people write a key in the place of its variable."""


def dotted_keys(model: type[BaseModel], prefix: str = "") -> list[str]:
    """Every option of a config class, dotted: "diffusion.max_rows"; of a section of several kinds those of all kinds."""
    keys: list[str] = []
    for name, field in model.model_fields.items():
        keys.append(prefix + name)
        for section in _sections(field.annotation):
            keys += dotted_keys(section, f"{prefix}{name}.")
    return list(dict.fromkeys(keys))


def _sections(annotation: Any) -> Iterator[type[BaseModel]]:
    """The config classes that a field can hold itself; those of a list's entries have the entry's number in their key."""
    if get_origin(annotation) in (Union, UnionType):
        for kind in get_args(annotation):
            yield from _sections(kind)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation


def explain(error: ValidationError, where: str = "", allowed: Iterable[str] = ()) -> str:
    """All problems of a validation, joined by "; ": key, what is allowed, what was found.

    ``where`` goes before each key; ``allowed`` are the keys among which the nearest to an unknown one is named.
    """
    problems = []
    for problem in error.errors():
        parts = [where] if where else []
        key = ".".join([*parts, *(str(part) for part in problem["loc"])]) or "config"
        message = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            problems.append(f"{key}: unknown key{did_you_mean(key, allowed)}")
        elif problem["type"] == "missing":
            problems.append(f"{key}: is missing")
        elif problem["type"] == "value_error" and not problem["loc"]:
            problems.append(f"{where}.{message}" if where else message)
        elif SECRET.intersection(map(str, problem["loc"])):
            problems.append(f"{key}: {message}")
        else:
            found = problem["input"]
            if "url" in problem["loc"] and isinstance(found, str):
                found = shown_url(found)
            problems.append(f"{key}: {message}, found {found!r}")
    return "; ".join(problems)
