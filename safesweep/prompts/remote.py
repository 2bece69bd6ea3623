"""Files behind URLs, fetched by fsspec or pyarrow, with a deadline: a server that stays silent is named."""

import re
import threading
import time
from pathlib import Path
from typing import Any

from safesweep.errors import InputError

SILENCE_S = 60.0
"""For how long nothing may arrive; a large file may take as long as it needs."""
CHUNK = 1 << 20
OPTIONS = re.compile(r"(s3|gs|gcs|abfss?)://[^?]*\?")
"""An object store's URL with options, as pyarrow has them (``?endpoint_override=…``); to fsspec they were a part of the file's name."""


def fetch(url: str, target: Path) -> None:
    """Copies what is behind ``url`` to ``target``.

    Raises:
        InputError: no such file, no installed file system reads the URL, the server refuses, or nothing arrived for ``SILENCE_S``.
    """
    job = _Fetch(url, target)
    # libraries have deadlines of their own, in minutes and not all of them: a thread that is left behind ends with the process
    thread = threading.Thread(target=job.run, name="fetch prompts", daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(min(0.5, SILENCE_S))
        if time.monotonic() - job.last > SILENCE_S and thread.is_alive():
            job.abandoned = True
            hint = "; are there credentials for it?" if url.startswith(("gs://", "gcs://", "s3://")) else ""
            raise InputError(f"{url}: cannot be read: nothing arrived for {SILENCE_S:g} s{hint}")
    if job.failed is not None:
        raise job.failed


class _Fetch:
    def __init__(self, url: str, target: Path) -> None:
        self.url, self.target = url, target
        self.last = time.monotonic()
        self.abandoned = False
        self.failed: InputError | None = None

    def run(self) -> None:
        try:
            if OPTIONS.match(self.url):
                self._with_pyarrow("options in a URL are pyarrow's")
            else:
                self._with_fsspec()
        except InputError as error:
            self.failed = error

    def _with_fsspec(self) -> None:
        import fsspec

        try:
            with fsspec.open(self.url, "rb") as stream:
                self._copy(stream)
        except ImportError as missing:
            self._with_pyarrow(str(missing))
        except FileNotFoundError:
            raise InputError(f"{self.url}: no such file") from None
        except (
            Exception
        ) as error:  # every remote file system raises its own kinds; the user needs the reason, not the type
            raise InputError(f"{self.url}: cannot be read: {type(error).__name__}: {error}") from error

    def _with_pyarrow(self, why: str) -> None:
        import pyarrow as pa
        import pyarrow.fs

        try:
            filesystem, inside = pyarrow.fs.FileSystem.from_uri(self.url)
            with filesystem.open_input_stream(inside) as stream:
                self._copy(stream)
        except FileNotFoundError:
            raise InputError(f"{self.url}: no such file") from None
        except (pa.ArrowException, OSError, ValueError) as error:
            reason = f"{why}; pyarrow: {error}"
            raise InputError(f"{self.url}: cannot be read: {reason}") from error

    def _copy(self, stream: Any) -> None:
        with self.target.open("wb") as target:
            while not self.abandoned and (chunk := stream.read(CHUNK)):
                target.write(chunk)
                self.last = time.monotonic()
