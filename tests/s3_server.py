"""A real S3 server on the loopback (moto's), which can be made to throttle, and which keeps what it was asked."""

import os
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

BUCKET = "lakes"
SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
KEYS = {"AWS_ACCESS_KEY_ID": "loopback", "AWS_SECRET_ACCESS_KEY": "loopback", "AWS_DEFAULT_REGION": "us-east-1"}
DENIED = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"


class Asked(NamedTuple):
    """One request."""

    method: str
    path: str
    query: str
    span: int
    """Bytes that a range names; 0 without one."""


class S3Server:
    """Serves at ``url`` until ``close``; of ``fail_every`` requests one is answered with 503 SlowDown, 0: none."""

    def __init__(self) -> None:
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
        from werkzeug.serving import WSGIRequestHandler, make_server

        class Quiet(WSGIRequestHandler):
            def log_request(self, *arguments: Any) -> None:
                pass

        self._app = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=Quiet)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.fail_every = 0
        self.failed = 0
        self.denied: Callable[[Asked], bool] = lambda asked: False
        """What is answered with 403, for good."""
        self.asked: list[Asked] = []
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        first, _, last = environ.get("HTTP_RANGE", "").removeprefix("bytes=").partition("-")
        span = int(last) - int(first) + 1 if first and last else 0
        asked = Asked(environ["REQUEST_METHOD"], environ["PATH_INFO"], environ.get("QUERY_STRING", ""), span)
        self.asked.append(asked)
        if self.fail_every and len(self.asked) % self.fail_every == 0:
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            self.failed += 1
            start("503 Slow Down", [("Content-Type", "application/xml"), ("Content-Length", str(len(SLOW_DOWN)))])
            return [] if asked.method == "HEAD" else [SLOW_DOWN]
        if self.denied(asked):
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            start("403 Forbidden", [("Content-Type", "application/xml"), ("Content-Length", str(len(DENIED)))])
            return [] if asked.method == "HEAD" else [DENIED]
        found: Iterable[bytes] = self._app(environ, start)
        return found

    def close(self) -> None:
        """Stops listening."""
        self._server.shutdown()


def put_lake(folder: Path, lake: str) -> None:
    """Puts the files of a lake in a folder into a store, by its client alone."""
    from safesweep.lake.folder import lake_folder
    from safesweep.lake.stores import store_of

    store, root = store_of(lake_folder(lake))
    for path in folder.rglob("*"):
        if path.is_file():
            store.pipe_file(f"{root}/{path.relative_to(folder)}", path.read_bytes())


def stored_files(lake: str) -> dict[str, bytes]:
    """Path below a lake in a store -> content, of all files, by its client alone."""
    from safesweep.lake.folder import lake_folder
    from safesweep.lake.stores import store_of

    store, root = store_of(lake_folder(lake))
    return {name.removeprefix(f"{root}/"): store.cat_file(name) for name in store.find(root)}


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """One server for the session, and the environment that leads clients to it."""
    import boto3

    server = S3Server()
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in {**KEYS, "AWS_ENDPOINT_URL": server.url}.items():
            patch.setenv(name, value)
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        yield server
    server.close()


@pytest.fixture
def s3_lake(s3_server: S3Server) -> Iterator[str]:
    """An empty place of the server; nobody else's."""
    s3_server.asked.clear()
    yield f"s3://{BUCKET}/{uuid.uuid4().hex[:8]}"
    s3_server.fail_every, s3_server.denied = 0, lambda asked: False
