"""A prompt file at hand, wherever it was: a local path, or a URL that fsspec or pyarrow opens."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from shutil import copyfileobj
from typing import NamedTuple

from safesweep.errors import InputError
from safesweep.files import file_sha256


class SourceFile(NamedTuple):
    """A file as it was found."""

    url: str
    """As the user wrote it, for messages."""
    name: str
    """Without its folder."""
    path: Path
    """Where its bytes are on this machine."""
    sha256: str

    @property
    def stem(self) -> str:
        """The name without its ending."""
        return PurePosixPath(self.name).stem

    @property
    def ending(self) -> str:
        """In lower case, with its dot; empty for a name without one."""
        return PurePosixPath(self.name).suffix.lower()


def file_name(url: str) -> str:
    """The name of the file that a path or URL leads to."""
    # what follows a question mark belongs to the server: an S3 endpoint, a download token
    return PurePosixPath(url.partition("?")[0].rstrip("/")).name if "://" in url else Path(url).name


@contextmanager
def at_hand(url: str) -> Iterator[SourceFile]:
    """The file of a path or URL; one that had to be fetched is removed at the end.

    Raises:
        InputError: it is missing, unreadable or a folder, or no file system is installed that reads the URL.
    """
    name = file_name(url)
    if "://" not in url:
        path = Path(url).expanduser()
        yield SourceFile(url, name, path, _local_sha256(url, path))
        return
    with tempfile.TemporaryDirectory(prefix="safesweep-") as folder:
        path = Path(folder) / "prompts"
        _fetch(url, path)
        yield SourceFile(url, name, path, file_sha256(path))


def _local_sha256(url: str, path: Path) -> str:
    try:
        return file_sha256(path)
    except FileNotFoundError:
        raise InputError(f"{url}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{url}: is a folder; give the path of one prompt file") from None
    except OSError as error:
        raise InputError(f"{url}: cannot be read: {error.strerror or error}") from None


def _fetch(url: str, path: Path) -> None:
    import fsspec

    try:
        with fsspec.open(url, "rb") as stream, path.open("wb") as target:
            copyfileobj(stream, target)
    except ImportError as missing:
        _fetch_with_pyarrow(url, path, missing)
    except FileNotFoundError:
        raise InputError(f"{url}: no such file") from None
    except Exception as error:  # every remote file system raises its own kinds; the user needs the reason, not the type
        raise InputError(f"{url}: cannot be read: {type(error).__name__}: {error}") from error


def _fetch_with_pyarrow(url: str, path: Path, missing: ImportError) -> None:
    import pyarrow as pa
    import pyarrow.fs

    try:
        filesystem, inside = pyarrow.fs.FileSystem.from_uri(url)
        with filesystem.open_input_stream(inside) as stream, path.open("wb") as target:
            copyfileobj(stream, target)
    except FileNotFoundError:
        raise InputError(f"{url}: no such file") from None
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = f"{missing}; pyarrow: {error}"
        raise InputError(f"{url}: no installed file system can read it ({reason})") from error
