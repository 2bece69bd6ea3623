"""A store as readers of parquet see it: each read is one request for just those bytes, and a file is looked up once.

The stores' own files read ahead by megabytes, which for numbers would fetch the pictures between them; and duckdb asks what a file is
a dozen times.
"""

from typing import Any

from fsspec import AbstractFileSystem
from fsspec.spec import AbstractBufferedFile


class RangedReads(AbstractFileSystem):  # type: ignore[misc]  # fsspec has no types
    """Reads of another file system. What it says of a file is kept: use one for a query or a file, and then another."""

    cachable = False

    def __init__(self, store: Any, scheme: str) -> None:
        super().__init__(use_listings_cache=False)
        self.store, self.protocol = store, scheme
        self._known: dict[str, dict[str, Any]] = {}
        self._changed: dict[str, Any] = {}

    def info(self, path: str, **options: Any) -> dict[str, Any]:
        """As fsspec has it. Raises ``FileNotFoundError``."""
        path = self._bare(path)
        if path not in self._known:
            self._known[path] = self.store.info(path)
        return self._known[path]

    def isfile(self, path: str) -> bool:
        """Whether it is there. Unlike fsspec's it is no "no" that the store is out of reach: that is raised."""
        try:
            return bool(self.info(path)["type"] == "file")
        except FileNotFoundError:
            return False

    def exists(self, path: str, **options: Any) -> bool:
        """As ``isfile``: readers are given files."""
        return self.isfile(path)

    def ls(self, path: str, detail: bool = True, **options: Any) -> Any:
        return self.store.ls(self._bare(path), detail=detail, **options)

    def glob(self, path: str, maxdepth: int | None = None, **options: Any) -> Any:
        """The file of this very name: names of files are no patterns here, whatever a run is called."""
        return [self._bare(path)]

    def modified(self, path: str) -> Any:
        path = self._bare(path)
        if path not in self._changed:
            self._changed[path] = self.store.modified(path)
        return self._changed[path]

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **options: Any) -> Any:
        return self.store.cat_file(self._bare(path), start=start, end=end, **options)

    def _open(self, path: str, mode: str = "rb", **options: Any) -> "_Ranges":
        path = self._bare(path)
        return _Ranges(self, path, mode, size=self.info(path)["size"], cache_type="none")

    def _bare(self, path: str) -> str:
        return str(self.store._strip_protocol(path))


class _Ranges(AbstractBufferedFile):  # type: ignore[misc]  # likewise
    def _fetch_range(self, start: int, end: int) -> bytes:
        return bytes(self.fs.cat_file(self.path, start=start, end=end)) if end > start else b""
