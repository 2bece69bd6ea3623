"""Small real HTTP servers that hold files as S3 does and as the Hugging Face hub does."""

import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit


class FileServer:
    """Serves ``files`` (path below the root -> content) on a free port until ``close``; keeps the paths that were asked for."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files, self.asked = dict(files), list[str]()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self) -> None:
        """Stops listening."""
        self._server.shutdown()
        self._server.server_close()

    def other(self, path: str, body: bytes) -> Any:
        """A JSON document for a path that is no file, or None for status 404."""
        return None

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *arguments: Any) -> None:
                pass

            def _reply(self) -> None:
                path = unquote(urlsplit(self.path).path)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                owner.asked.append(f"{self.command} {path}")
                if path in owner.files:
                    return self._file(owner.files[path])
                document = owner.other(path, body)
                if document is None:
                    return self._send(404, b'{"error": "not found"}', {"X-Error-Code": "EntryNotFound"})
                self._send(200, json.dumps(document).encode(), {"Content-Type": "application/json"})

            def _file(self, content: bytes) -> None:
                headers = {"ETag": '"0123456789"', "X-Repo-Commit": "0" * 40, "Accept-Ranges": "bytes"}
                wanted = self.headers.get("Range")
                if wanted is None:
                    return self._send(200, content, headers)
                first, _, last = wanted.removeprefix("bytes=").partition("-")
                end = min(int(last or len(content)), len(content) - 1)
                headers["Content-Range"] = f"bytes {first}-{end}/{len(content)}"
                self._send(206, content[int(first) : end + 1], headers)

            def _send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_HEAD = do_POST = _reply

        return Handler


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
