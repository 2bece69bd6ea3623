"""A process that is killed at its n-th change of the file system: from then on nothing that it does changes anything."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pyarrow.parquet as pq
import pytest


class Killed(BaseException):
    """No ``except Exception`` of the code is to survive it."""


class Switch:
    """Counts changes, and lets none through from the ``at``-th on."""

    def __init__(self, at: int) -> None:
        self.at, self.count = at, 0

    def check(self) -> None:
        self.count += 1
        if self.count > self.at:
            raise Killed


@contextmanager
def killed_at(at: int) -> Iterator[Switch]:
    """Within the block only ``at`` changes are made: files opened for writing, row groups written, files renamed and removed.

    The lease that the dead one had goes at the end, as that of a process that is not there any more does.
    """
    switch = Switch(at)

    def guard(patch: pytest.MonkeyPatch, owner: object, name: str, applies=lambda *given, **named: True) -> None:
        real = getattr(owner, name)

        def guarded(*given, **named):
            if applies(*given, **named):
                switch.check()
            return real(*given, **named)

        patch.setattr(owner, name, guarded)

    with pytest.MonkeyPatch.context() as patch:
        guard(patch, Path, "open", lambda path, mode="r", *_, **__: path.suffix != ".lease" and mode[0] in "wxa")
        for name in ("unlink", "rename", "replace", "mkdir", "rmdir", "write_bytes"):
            guard(patch, Path, name, lambda path, *_, **__: path.suffix != ".lease")
        guard(patch, os, "replace", lambda source, *_: ".lease" not in str(source))
        guard(patch, pq.ParquetWriter, "write_table")
        with suppress(Killed):
            yield switch


def every_file(folder: Path) -> dict[str, bytes]:
    """Path below the folder -> content, of all files."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def torn(content: bytes) -> bytes:
    """Half a file, as a killed writer leaves it."""
    return content[: len(content) // 2]
