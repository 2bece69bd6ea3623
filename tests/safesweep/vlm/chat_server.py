"""A real HTTP server that speaks the OpenAI API's chat completions, and can be told to misbehave."""

import base64
import io
import json
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from tests.local_server import Handler, LocalServer

Answer = Callable[[np.ndarray, str], Any]


def completion(
    content: Any = None, finish_reason: str | None = "stop", usage: dict[str, int] | None = None, **message: Any
) -> bytes:
    """The body of a chat completion."""
    choice = {"message": {"role": "assistant", "content": content, **message}, "finish_reason": finish_reason}
    return json.dumps({"choices": [choice], **({"usage": usage} if usage else {})}).encode()


class ChatServer(LocalServer):
    """Serves on a free port of this machine until ``close``.

    ``answer``: picture [H, W, 3] and question to text, or to a status or a mapping as below. ``script``: what to do to the first
    requests, one entry each: a status (sent with an error), ``"hang"`` (until ``close``), ``"close"`` (the connection breaks),
    ``"garbage"``, a raw body, a mapping (fields of the choice's ``message``, its ``finish_reason`` and the ``usage``), or ``None`` (an
    answer). ``always`` is done once the script is at its end.
    """

    def __init__(
        self, answer: Answer, script: list[Any] | None = None, model: str = "miniature", key: str = ""
    ) -> None:
        self.answer, self.script, self.model, self.key = answer, list(script or []), model, key
        self.bodies: list[dict[str, Any]] = []
        self.taken = 0
        self.always: Any = None
        self.die_after: int | None = None
        """So many questions are answered; the next one finds the server gone."""
        self._lock, self._closed = threading.Lock(), threading.Event()
        super().__init__(self._handler())
        self.url = f"http://{self.address}/v1"

    def close(self) -> None:
        self._closed.set()
        super().close()

    def _handler(self) -> type[Handler]:
        owner = self

        class Chat(Handler):
            def do_GET(self) -> None:  # noqa: N802 (the base class looks for this name)
                if owner.key and self.headers.get("Authorization") != f"Bearer {owner.key}":
                    return self.send(401, b'{"error": {"message": "wrong key"}}')
                self.send(200, json.dumps({"object": "list", "data": [{"id": owner.model}]}).encode())

            def do_POST(self) -> None:  # noqa: N802
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with owner._lock:
                    owner.bodies.append(body)
                    step = owner.script.pop(0) if owner.script else owner.always
                    dead = owner.die_after is not None and owner.taken >= owner.die_after
                    owner.taken += not dead
                if dead:
                    threading.Thread(target=owner.close, daemon=True).start()
                if dead or step == "close":
                    self.close_connection = True
                    self.connection.close()
                    return None
                if step == "hang":
                    owner._closed.wait(120)
                    return None
                if isinstance(step, str):
                    return self.send(200, b"<html>not json" if step == "garbage" else step.encode())
                if step is None:
                    content = body["messages"][-1]["content"]
                    data = content[0]["image_url"]["url"].partition("base64,")[2]
                    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))
                    step = owner.answer(picture, content[1]["text"])
                if isinstance(step, int):
                    headers = {"Retry-After": "0.1"} if step == 429 else {}
                    return self.send(step, b'{"error": {"message": "told to"}}', headers)
                self.send(200, completion(**step) if isinstance(step, dict) else completion(step))

        return Chat
