"""Small real HTTP servers that hold files as S3 does and as the Hugging Face hub does."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.local_server import Handler, LocalServer


class FileServer(LocalServer):
    """Serves ``files`` (path below the root -> content) on a free port until ``close``; keeps the paths that were asked for."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files, self.asked = dict(files), list[str]()
        super().__init__(self._handler())

    def other(self, path: str, body: bytes) -> Any:
        """A JSON document for a path that is no file, or None for status 404."""
        return None

    def _handler(self) -> type[Handler]:
        owner = self

        class Files(Handler):
            def _reply(self) -> None:
                path = unquote(urlsplit(self.path).path)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                owner.asked.append(f"{self.command} {path}")
                if path in owner.files:
                    return self._file(owner.files[path])
                document = owner.other(path, body)
                if document is None:
                    return self.send(404, b'{"error": "not found"}', {"X-Error-Code": "EntryNotFound"})
                self.send(200, json.dumps(document).encode(), {"Content-Type": "application/json"})

            def _file(self, content: bytes) -> None:
                headers = {"ETag": '"0123456789"', "X-Repo-Commit": "0" * 40, "Accept-Ranges": "bytes"}
                wanted = self.headers.get("Range")
                if wanted is None:
                    return self.send(200, content, headers)
                first, _, last = wanted.removeprefix("bytes=").partition("-")
                end = min(int(last or len(content)), len(content) - 1)
                headers["Content-Range"] = f"bytes {first}-{end}/{len(content)}"
                self.send(206, content[int(first) : end + 1], headers)

            do_GET = do_HEAD = do_POST = _reply

        return Files


class Hub(FileServer):
    """A hub with one data set, ``owner/name``."""

    def __init__(self, name: str, content: bytes) -> None:
        self.name, self.content = name, content
        super().__init__({f"/datasets/owner/set/resolve/main/{name}": content})

    def other(self, path: str, body: bytes) -> Any:
        """What the hub's API says of the data set and of its files."""
        if path in ("/api/datasets/owner/set", "/api/datasets/owner/set/revision/main"):
            return {"id": "owner/set", "sha": "0" * 40, "private": False, "siblings": [{"rfilename": self.name}]}
        if path.startswith(("/api/datasets/owner/set/paths-info/", "/api/datasets/owner/set/tree/")):
            return [{"type": "file", "path": self.name, "size": len(self.content), "oid": "1" * 40}]
        return None
