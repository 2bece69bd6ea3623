"""Where a lake may lie: a folder, ``~`` in front of it the user's home, or a place in an object store."""

from pathlib import Path
from typing import Annotated

from pydantic import PlainSerializer, PlainValidator

from safesweep.errors import InputError
from safesweep.files import on_store
from safesweep.lake.stores import remember, scheme_of, store_path


def lake_folder(place: str | Path) -> Path:
    """The lake's folder, or its place in a store: ``s3://bucket/name`` and what else `stores.KINDS` has.

    Raises ``InputError`` for another URL, and for a store whose client is not installed.
    """
    if not isinstance(place, str) and on_store(place):
        return remember(place)
    written = str(place)
    if scheme_of(written) is not None:
        return store_path(written)
    try:
        return Path(written).expanduser()
    except RuntimeError as error:
        raise InputError(f"lake: {written}: {error}") from error


def require_inside(lake: Path, path: Path, what: str, allowed: str) -> Path:
    """``path`` itself. Raises ``InputError`` that begins with ``what`` where a link leads from it out of the lake. A store has no links."""
    if not path.resolve().is_relative_to(lake.resolve()):
        raise InputError(f"{what}, which leads out of the lake {lake} to {path.resolve()}; {allowed}")
    return path


LakeFolder = Annotated[Path, PlainValidator(lake_folder), PlainSerializer(str, return_type=str, when_used="json")]
"""A setting that names a lake."""
