"""A real HTTP server that speaks the OpenAI API's chat completions, and can be told to misbehave."""

import base64
import io
import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
from PIL import Image

Answer = Callable[[np.ndarray, str], str]


class ChatServer:
    """Serves on a free port of this machine until ``close``.

    ``answer``: picture [H, W, 3] and question to text. ``script``: what to do to the first requests, one entry each: a status
    (sent with an error), ``"hang"``, ``"close"`` (the connection breaks), ``"garbage"``, a raw body, or ``None`` (an answer).
    """

    def __init__(
        self, answer: Answer, script: list[Any] | None = None, model: str = "miniature", key: str = ""
    ) -> None:
        self.answer, self.script, self.model, self.key = answer, list(script or []), model, key
        self.bodies: list[dict] = []
        self.times: list[float] = []
        self.taken = 0
        self.die_after: int | None = None
        """So many questions are answered; the next one finds the server gone."""
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self) -> None:
        """Stops listening: from now on connections are refused."""
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *arguments: Any) -> None:
                pass

            def do_GET(self) -> None:
                if owner.key and self.headers.get("Authorization") != f"Bearer {owner.key}":
                    return self._send(401, b'{"error": {"message": "wrong key"}}')
                self._send(200, json.dumps({"object": "list", "data": [{"id": owner.model}]}).encode())

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with owner._lock:
                    owner.bodies.append(body)
                    owner.times.append(time.monotonic())
                    step = owner.script.pop(0) if owner.script else None
                    dead = owner.die_after is not None and owner.taken >= owner.die_after
                    owner.taken += not dead
                if dead:
                    threading.Thread(target=owner.close, daemon=True).start()
                if dead or step == "close":
                    self.close_connection = True
                    return self.connection.close()
                if step == "hang":
                    return time.sleep(2)
                if isinstance(step, int):
                    return self._send(step, b'{"error": {"message": "told to"}}')
                if isinstance(step, str):
                    return self._send(200, b"<html>not json" if step == "garbage" else step.encode())
                content = body["messages"][-1]["content"]
                data = content[0]["image_url"]["url"].partition("base64,")[2]
                picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))
                said = owner.answer(picture, content[1]["text"])
                message = {"role": "assistant", "content": said}
                self._send(200, json.dumps({"choices": [{"message": message, "finish_reason": "stop"}]}).encode())

            def _send(self, status: int, body: bytes) -> None:
                self.send_response(status)
                if status == 429:
                    self.send_header("Retry-After", "0.1")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        return Handler
