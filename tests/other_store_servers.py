"""Stores of the other two kinds on the loopback: Google's (gcp-storage-emulator, of PyPI) and Azure's (Azurite, of npm).

Neither is among what the tests install (Azurite is not Python); tests of them are skipped where they are missing.
docs/lake.md says how to have them.
"""

import os
import shutil
import socket
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest

CONTAINER = "lakes"
AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The published key of every Azurite."""


def google_server() -> ThreadingHTTPServer:
    """Serves until its ``shutdown``. The emulator takes puts on condition (``ifGenerationMatch=0``) as plain ones; here they hold."""
    from gcp_storage_emulator.exceptions import Conflict, NotFound
    from gcp_storage_emulator.handlers import buckets
    from gcp_storage_emulator.server import RequestHandler
    from gcp_storage_emulator.storage import Storage

    asked = threading.local()
    one_at_a_time = threading.RLock()

    class OnCondition(Storage):
        def create_file(self, bucket_name: str, file_name: str, *given: Any, **named: Any) -> Any:
            if asked.only_new:
                with suppress(NotFound):
                    self.get_file_obj(bucket_name, file_name)
                    raise Conflict("there is one already")
            return super().create_file(bucket_name, file_name, *given, **named)

    class Handler(RequestHandler):
        def parse_request(self) -> bool:
            whole: bool = super().parse_request()
            asked.only_new = whole and parse_qs(urlparse(self.path).query).get("ifGenerationMatch") == ["0"]
            return whole

        def send_response(self, code: int, message: str | None = None) -> None:
            # what Google answers where the emulator says 400
            super().send_response(412 if code == 400 and asked.only_new else code, message)

    def in_turn(answer: Callable[[RequestHandler], None]) -> Callable[[RequestHandler], None]:
        def answered(handler: RequestHandler) -> None:
            with one_at_a_time:
                answer(handler)

        return answered

    for name in ("do_GET", "do_POST", "do_PUT", "do_PATCH", "do_DELETE"):
        setattr(Handler, name, in_turn(getattr(RequestHandler, name)))
    storage = OnCondition(use_memory_fs=True)
    buckets.create_bucket(CONTAINER, storage)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, storage))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture(scope="session")
def google_place() -> Iterator[str]:
    """A bucket of its own server, and the environment that leads gcsfs to it."""
    pytest.importorskip("gcsfs", reason="pip install 'safesweep[stores]'")
    pytest.importorskip("gcp_storage_emulator", reason="pip install gcp-storage-emulator")
    server = google_server()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{server.server_port}")
        # asks Google itself of which kind a bucket is, which no emulator answers
        patch.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
        yield f"gs://{CONTAINER}"
    server.shutdown()


@pytest.fixture(scope="session")
def azure_place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A container of its own server, and the environment that leads adlfs to it."""
    pytest.importorskip("adlfs", reason="pip install 'safesweep[stores]'")
    program = shutil.which("azurite-blob")
    if program is None:
        pytest.skip("azurite-blob is not in PATH: npm install azurite")
    from azure.core.exceptions import AzureError
    from azure.storage.blob import BlobServiceClient

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("azurite")
    options = ["--silent", "--skipApiVersionCheck", "--disableTelemetry", "--blobPort", str(port)]
    server = subprocess.Popen([program, *options, "--location", str(folder)], cwd=folder)
    where = (
        f"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={AZURE_KEY};"
        f"BlobEndpoint=http://127.0.0.1:{port}/devstoreaccount1;"
    )
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                BlobServiceClient.from_connection_string(where, retry_total=0).create_container(CONTAINER)
                break
            except AzureError:
                assert time.monotonic() < deadline and server.poll() is None, "Azurite does not answer"
                time.sleep(0.1)
        with pytest.MonkeyPatch.context() as patch:
            for name in [name for name in os.environ if name.startswith("AZURE_STORAGE_")]:
                patch.delenv(name)
            patch.setenv("AZURE_STORAGE_CONNECTION_STRING", where)
            yield f"az://{CONTAINER}"
    finally:
        server.terminate()
        server.wait()


@pytest.fixture
def google_lake(google_place: str) -> str:
    """An empty place of the server; nobody else's."""
    return f"{google_place}/{uuid.uuid4().hex[:8]}"


@pytest.fixture
def azure_lake(azure_place: str) -> str:
    """An empty place of the server; nobody else's."""
    return f"{azure_place}/{uuid.uuid4().hex[:8]}"
