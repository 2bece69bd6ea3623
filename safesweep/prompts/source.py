"""A prompt file at hand, wherever it was: a local path, a URL, standard input, and unpacked where it was packed."""

import gzip
import lzma
import re
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from glob import glob
from pathlib import Path, PurePosixPath
from shutil import copyfileobj
from typing import NamedTuple

from safesweep.errors import InputError
from safesweep.files import file_sha256
from safesweep.prompts.remote import fetch

STANDARD_INPUT = "-"
PACKED = (".gz", ".zip")


class SourceFile(NamedTuple):
    """A file as it was found, and unpacked."""

    url: str
    """As the user wrote it, for messages."""
    name: str
    """Without its folder; of a packed file, what it is packed as."""
    path: Path
    """Where its bytes are on this machine, unpacked."""
    sha256: str
    """Of the bytes as they were found."""
    ending: str
    """In lower case, with its dot, of what was packed; empty for a name without one."""

    @property
    def stem(self) -> str:
        """The name without its endings."""
        inner = self.name[: -len(packing(self.name))] if packing(self.name) else self.name
        return PurePosixPath(inner).stem


def file_name(url: str) -> str:
    """The name of the file that a path or URL leads to."""
    # what follows a question mark or a hash belongs to the server: an S3 endpoint, a download token
    return PurePosixPath(re.split("[?#]", url, maxsplit=1)[0].rstrip("/")).name if "://" in url else Path(url).name


def packing(name: str) -> str:
    """``.gz`` or ``.zip`` where a name ends so, in whatever case; else the empty string."""
    ending = PurePosixPath(name).suffix
    return ending if ending.lower() in PACKED else ""


def list_files(url: str, endings: tuple[str, ...]) -> list[str]:
    """The files of a folder, or that match a pattern with ``*``, ``?`` or ``[]``, sorted; any other path or URL alone.

    Raises:
        InputError: no file of one of these endings, packed or not, is there.
    """
    path = Path(url).expanduser()
    if url == STANDARD_INPUT or "://" in url or path.is_file():
        return [url]
    if path.is_dir():
        found = [entry for entry in path.iterdir() if entry.is_file()]
    elif any(letter in url for letter in "*?["):
        found = [Path(entry) for entry in glob(str(path), recursive=True) if Path(entry).is_file()]
    else:
        return [url]
    files = sorted(str(entry) for entry in found if ending_of(entry.name) in endings or _is_zip(entry.name))
    if not files:
        raise InputError(
            f"{url}: no prompt file among {len(found)} files; endings are {', '.join(endings)}, packed or not"
        )
    return files


@contextmanager
def at_hand(url: str) -> Iterator[SourceFile]:
    """The file of a path or URL, or standard input for ``-``; what had to be fetched or unpacked is removed at the end.

    Raises:
        InputError: it is missing, unreadable, a folder, or packed with others, a server stays silent, or no file system is
            installed that reads the URL.
    """
    name = file_name(url)
    if "://" not in url and url != STANDARD_INPUT and not packing(name):
        path = Path(url).expanduser()
        yield SourceFile(url, name, path, _local_sha256(url, path), ending_of(name))
        return
    with tempfile.TemporaryDirectory(prefix="safesweep-") as folder:
        found, unpacked = Path(folder) / "found", Path(folder) / "unpacked"
        if url == STANDARD_INPUT:
            url = name = "stdin"
            with found.open("wb") as target:
                copyfileobj(sys.stdin.buffer, target)
        elif "://" in url:
            fetch(url, found)
        else:
            found = Path(url).expanduser()
            _local_sha256(url, found)
        ending = ending_of(name)
        if packing(name):
            ending = _unpack(url, name, found, unpacked) or ending
        yield SourceFile(url, name, unpacked if packing(name) else found, file_sha256(found), ending)


def _is_zip(name: str) -> bool:
    return packing(name).lower() == ".zip"


def ending_of(name: str) -> str:
    """A name's ending without that of its packing, in lower case with its dot."""
    inner = name[: -len(packing(name))] if packing(name) else name
    return PurePosixPath(inner).suffix.lower()


def _unpack(url: str, name: str, found: Path, unpacked: Path) -> str:
    """Writes the one file that is packed, and returns its ending where the archive has a name for it."""
    try:
        if not _is_zip(name):
            with gzip.open(found) as packed, unpacked.open("wb") as target:
                copyfileobj(packed, target)
            return ""
        with zipfile.ZipFile(found) as archive:
            inside = [entry for entry in archive.infolist() if not entry.is_dir() and "__MACOSX" not in entry.filename]
            if len(inside) != 1:
                raise InputError(f"{url}: holds {len(inside)} files; an archive of one prompt file is wanted")
            with archive.open(inside[0]) as packed, unpacked.open("wb") as target:
                copyfileobj(packed, target)
            return ending_of(inside[0].filename)
    except (
        OSError,
        EOFError,
        RuntimeError,
        NotImplementedError,
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
    ) as error:
        raise InputError(f"{url}: cannot be unpacked: {error}") from None


def _local_sha256(url: str, path: Path) -> str:
    try:
        return file_sha256(path)
    except FileNotFoundError:
        raise InputError(f"{url}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{url}: is a folder; give the path of one prompt file") from None
    except OSError as error:
        raise InputError(f"{url}: cannot be read: {error.strerror or error}") from None
