"""Where a lake may lie: a folder, ``~`` in front of it the user's home."""

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator

from safesweep.errors import InputError


def lake_folder(place: str | Path) -> Path:
    """The lake's folder. Raises ``InputError`` for a URL: object stores are mounted as folders first."""
    written = str(place)
    scheme = written.partition(":")[0]
    if len(scheme) > 1 and scheme.isalnum() and written.startswith((f"{scheme}://", f"{scheme}:/")):
        raise InputError(
            f"lake: a URL ({scheme}://…) is not supported; allowed: a folder, which may be a mounted bucket"
        )
    try:
        return Path(written).expanduser()
    except RuntimeError as error:
        raise InputError(f"lake: {written}: {error}") from error


def require_inside(lake: Path, path: Path, what: str, allowed: str) -> Path:
    """``path`` itself. Raises ``InputError`` that begins with ``what`` where a link leads from it out of the lake."""
    if not path.resolve().is_relative_to(lake.resolve()):
        raise InputError(f"{what}, which leads out of the lake {lake} to {path.resolve()}; {allowed}")
    return path


LakeFolder = Annotated[Path, BeforeValidator(lake_folder)]
"""A setting that names a lake."""
