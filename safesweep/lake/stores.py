"""Object stores that a lake may lie in: how each is reached, and what its client's failures look like.

A place in a store is a ``UPath`` of universal_pathlib, which has what is used of ``pathlib.Path``; it stands where a ``Path`` is written.
A place in a folder is a ``Path`` as ever, so nothing here touches it.
"""

import importlib.util
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from safesweep.errors import InputError
from safesweep.files import on_store
from safesweep.redaction import shown_url

TRIES, CONNECT_S, READ_S = 6, 10, 60
"""A request that is throttled, or answered by a 5xx, is sent so often in all, with growing waits; a try's seconds."""


@dataclass(frozen=True)
class Kind:
    """One kind of store."""

    package: str
    """Its fsspec client; empty: fsspec's own."""
    options: Callable[[], Mapping[str, Any]] = dict
    """Of its client. Credentials are none of them: the client looks for them where its users have them."""
    errors: tuple[tuple[str, str], ...] = ()
    """Module and name of what its libraries raise beside ``OSError``."""


def _s3() -> Mapping[str, Any]:
    retries: dict[str, Any] = {"mode": "standard", "total_max_attempts": TRIES}
    # what the user's environment says goes before what is written here
    if "AWS_RETRY_MODE" in os.environ:
        del retries["mode"]
    if "AWS_MAX_ATTEMPTS" in os.environ:
        del retries["total_max_attempts"]
    waits = {"connect_timeout": CONNECT_S, "read_timeout": READ_S}
    return {"use_listings_cache": False, "config_kwargs": {**waits, "retries": retries}}


def _fresh() -> Mapping[str, Any]:
    return {"use_listings_cache": False}


_S3 = Kind("s3fs", _s3, (("botocore.exceptions", "BotoCoreError"), ("aiohttp", "ClientError")))
_GCS = Kind(
    "gcsfs",
    _fresh,
    (("gcsfs.retry", "HttpError"), ("google.auth.exceptions", "GoogleAuthError"), ("aiohttp", "ClientError")),
)
_AZURE = Kind("adlfs", _fresh, (("azure.core.exceptions", "AzureError"), ("aiohttp", "ClientError")))
KINDS = {
    "s3": _S3,
    "gs": _GCS,
    "gcs": _GCS,
    "az": _AZURE,
    "abfs": _AZURE,
    "abfss": _AZURE,
    "memory": Kind(""),
}
"""Scheme -> its kind."""
OWN_PROCESS = "memory"
"""Whose contents no other process sees."""
ALLOWED = ", ".join(f"{scheme}://" for scheme in KINDS if scheme != OWN_PROCESS)
_opened: dict[str, Any] = {}
"""Scheme -> the file system of the places that this process has named."""


def scheme_of(place: str) -> str | None:
    """The scheme of a URL, or None for a folder's path; that of one whose slashes a path has eaten (``s3:/b``) as well."""
    found = re.match(r"([A-Za-z][A-Za-z0-9]+):/", place)
    return found[1] if found else None


def store_path(url: str) -> Path:
    """A place in a store. Raises ``InputError`` for a kind that is not known, or whose client is not installed; asks the store nothing."""
    scheme, _, rest = url.partition("://")
    kind = KINDS.get(scheme)
    if kind is None or not rest.strip("/"):
        raise InputError(
            f"lake: a URL ({scheme_of(url)}://…) is not supported; allowed: a folder, a mounted bucket too, or a place in a store, "
            f"SCHEME://BUCKET/NAME, of {ALLOWED}"
        )
    if shown_url(url) != url:
        raise InputError(
            f"lake: {shown_url(url)}: a store's place has no user, query or fragment; credentials come from the client's usual places"
        )
    if kind.package and importlib.util.find_spec(kind.package) is None:
        raise InputError(
            f"lake: {url}: {scheme}:// needs the package {kind.package}, which is not installed; pip install 'safesweep[stores]'"
        )
    from upath import UPath

    path = UPath(url.rstrip("/"), **kind.options())
    _opened[scheme] = path.fs
    return cast(Path, path)


def remember(path: Path) -> Path:
    """``path`` itself; its store is among ``opened`` from now on, for it may have come from another process."""
    store, _ = store_of(path)
    _opened[scheme_of(str(path)) or ""] = store
    return path


def opened() -> Mapping[str, Any]:
    """Scheme -> fsspec file system of the stores that this process has named."""
    return dict(_opened)


def store_of(path: Path) -> tuple[Any, str]:
    """The fsspec file system that a place in a store lies in, and its path there."""
    found: Any = path
    return found.fs, found.path


def list_store(folder: Path) -> list[Path]:
    """What lies right below a place in a store, sorted: one listing of its prefix, and never of what lies deeper; nothing for one that
    is not there."""
    store, path = store_of(folder)
    try:
        found = store.ls(path, detail=False)
    except FileNotFoundError:
        return []
    names = {name.rstrip("/").rpartition("/")[2] for name in found if name.rstrip("/") != path.rstrip("/")}
    return [folder / name for name in sorted(names)]


def versions(files: Sequence[Path]) -> dict[Path, tuple[str, int]]:
    """Of the files that lie in stores: what tells each from what was there before, and its size, bytes. One listing a folder; a file
    that is not there is left out."""
    found: dict[Path, tuple[str, int]] = {}
    stored = [path for path in files if on_store(path)]
    for folder in {path.parent for path in stored}:
        store, place = store_of(folder)
        with suppress(FileNotFoundError):
            for one in store.ls(place, detail=True):
                said = repr(sorted((key, str(value)) for key, value in one.items()))
                found[folder / one["name"].rstrip("/").rpartition("/")[2]] = said, int(one["size"] or 0)
    return {path: found[path] for path in stored if path in found}


def failures() -> tuple[type[Exception], ...]:
    """What a store's client raises when the store fails: ``OSError``, and errors of those libraries that are loaded."""
    named = {place for kind in KINDS.values() for place in kind.errors}
    found = {getattr(sys.modules[module], name) for module, name in named if module in sys.modules}
    return (OSError, *sorted(found, key=str))


def store_failure(error: BaseException) -> str | None:
    """What a store said, as one line, where it is a store's failure that made ``error``; else None."""
    packages = {kind.package for kind in KINDS.values() if kind.package}
    for one in causes(error):
        from_client = any(f"{os.sep}{package}{os.sep}" in _where(one) for package in packages)
        if isinstance(one, failures()) and (from_client or not isinstance(one, OSError)):
            return " ".join(str(one).split()) or type(one).__name__
    return None


def causes(error: BaseException) -> Iterator[BaseException]:
    """An error and what caused it, the cause that Ray tells included."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, BaseException) and id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting += [getattr(one, "cause", None), one.__cause__, one.__context__]


def _where(error: BaseException) -> str:
    """Files that an error came through; of one from another process as Ray has written them down."""
    files, step = [str(getattr(error, "traceback_str", ""))], error.__traceback__
    while step is not None:
        files.append(step.tb_frame.f_code.co_filename)
        step = step.tb_next
    return "\n".join(files)
