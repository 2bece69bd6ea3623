"""What a name in a configuration stands for: a table of a name and where its class is, imported only when it is wanted.

A further entry needs no change here: a plugin is a module that adds to a registry when it is imported, named by an entry point of the
group ``safesweep`` or in the environment variable ``SAFESWEEP_PLUGINS`` (module names, separated by commas). Every process that asks a
registry imports the plugins first, so that workers know what the driver knows.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from importlib import import_module
from importlib.metadata import EntryPoints, entry_points
from threading import RLock
from typing import Generic, TypeVar, cast

from safesweep.errors import InputError, did_you_mean

Entry = TypeVar("Entry")

PLUGINS = "SAFESWEEP_PLUGINS"
"""Names modules; no option of a run."""
GROUP = "safesweep"
"""Of entry points."""

_loading = RLock()
_loaded: set[str] = set()
"""Plugins that are imported, or are just being so."""


class Registry(Generic[Entry]):
    """Name -> what it stands for, in the order of their adding."""

    def __init__(self, what: str, entries: Mapping[str, str | Entry]) -> None:
        """``what`` is one of them in a word, for errors ("scorer"); an entry is ``"package.module:Name"`` or the object itself."""
        self.what = what
        self._entries: dict[str, str | Entry] = dict(entries)
        self._imported: dict[str, Entry] = {}

    def add(self, name: str, entry: str | Entry) -> None:
        """One more. Raises ``ValueError`` for a name that stands for something else already."""
        if self._entries.setdefault(name, entry) != entry:
            raise ValueError(f"{self.what} {name!r} is registered already, as {self._entries[name]!r}")

    def names(self) -> tuple[str, ...]:
        """All names, those of plugins last."""
        load_plugins()
        return tuple(self._entries)

    def get(self, name: str, found: str | None = None) -> Entry:
        """What ``name`` stands for; its module is imported the first time. ``found`` says in an error where the name came from.

        Raises ``InputError`` for an unknown name, and ``ImportError`` or ``AttributeError`` for an entry that leads nowhere.
        """
        known = self.names()
        if name not in known:
            allowed = ", ".join(known) or "none"
            problem = found or f"{self.what}: {name!r} is unknown"
            raise InputError(f"{problem}; allowed: {allowed}{did_you_mean(str(name), known)}")
        entry = self._entries[name]
        if not isinstance(entry, str):
            return entry
        if name not in self._imported:
            module, _, attribute = entry.partition(":")
            self._imported[name] = cast(Entry, getattr(import_module(module), attribute))
        return self._imported[name]

    def __getitem__(self, name: str) -> Entry:
        return self.get(name)

    def __contains__(self, name: object) -> bool:
        return name in self.names()

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __len__(self) -> int:
        return len(self.names())


def load_plugins() -> None:
    """Imports those plugins that this process has not imported yet. Raises ``InputError`` for one that cannot be imported."""
    with _loading:
        for point in _entry_points():
            _once(f"entry point {point.name!r} of {point.value}", point.load)
        for module in os.environ.get(PLUGINS, "").split(","):
            if module.strip():
                _once(f"{PLUGINS}: {module.strip()!r}", partial(import_module, module.strip()))


@cache
def _entry_points() -> EntryPoints:
    return entry_points(group=GROUP)


def _once(plugin: str, load: Callable[[], object]) -> None:
    if plugin in _loaded:
        return
    _loaded.add(plugin)  # before it is imported: a plugin may ask a registry itself
    try:
        load()
    except Exception as error:
        _loaded.discard(plugin)
        if isinstance(error, ImportError):
            raise InputError(f"{plugin} cannot be imported: {error}") from error
        raise
