"""A real HTTP server that speaks OpenAI's images API, and can be told to refuse, to limit the rate, to hang, to die."""

import base64
import io
import json
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from tests.local_server import Handler, LocalServer

Draw = Callable[[str, int | None, int, int], Any]
"""Prompt, seed, width, height -> a picture [H, W, 3], or a text: why it is refused."""


def drawn(prompt: str, seed: int | None, width: int, height: int) -> np.ndarray:
    """A picture of noise that prompt and seed decide."""
    rng = np.random.default_rng([*prompt.encode(), seed or 0])
    return rng.integers(0, 256, (height, width, 3), dtype=np.uint8)


def refusing(prompt: str, seed: int | None, width: int, height: int) -> Any:
    """Refuses what names a dagger."""
    return (
        "Your request was rejected by our safety system." if "dagger" in prompt else drawn(prompt, seed, width, height)
    )


class ImagesServer(LocalServer):
    """Serves on a free port until ``close``. ``script``: what to do to the first requests, one entry each: a status or (status, body,
    headers), ``"hang"``, ``"close"``, ``"garbage"``, or ``None`` (an answer); ``always`` once it is at its end."""

    def __init__(
        self,
        draw: Draw = drawn,
        script: list[Any] | None = None,
        key: str = "",
        as_url: bool = False,
        relative: bool = False,
    ) -> None:
        self.draw, self.script, self.key = draw, list(script or []), key
        self.as_url, self.relative = as_url or relative, relative
        self.bodies: list[dict[str, Any]] = []
        self.fetched: list[dict[str, str]] = []
        """Headers of the requests for pictures."""
        self.pictures: list[bytes] = []
        self.always: Any = None
        self.die_after: int | None = None
        self.model = "m"
        """What it says that it serves; nothing: its list is none of OpenAI's."""
        self.lost = 0
        """So many requests for pictures are answered with status 503."""
        self.most_at_once = self.now = 0
        self._lock, self._closed = threading.Lock(), threading.Event()
        super().__init__(self._handler())
        self.url = f"http://{self.address}/v1"

    def close(self) -> None:
        self._closed.set()
        super().close()

    def _handler(self) -> type[Handler]:
        owner = self

        class Images(Handler):
            def do_GET(self) -> None:  # noqa: N802 (the base class looks for this name)
                if self.path.endswith("/models"):
                    wrong = owner.key and self.headers.get("Authorization") != f"Bearer {owner.key}"
                    models = {"data": [{"id": owner.model}]} if owner.model else {"model_path": "m"}
                    return self.send(401 if wrong else 200, json.dumps(models).encode())
                owner.fetched.append(dict(self.headers))
                if owner.lost:
                    owner.lost -= 1
                    return self.send(503, b"")
                self.send(200, owner.pictures[int(self.path.rpartition("/")[2])])

            def do_POST(self) -> None:  # noqa: N802
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with owner._lock:
                    owner.bodies.append(body)
                    owner.now += 1
                    owner.most_at_once = max(owner.most_at_once, owner.now)
                    step = owner.script.pop(0) if owner.script else owner.always
                    dead = owner.die_after is not None and len(owner.bodies) > owner.die_after
                try:
                    self.answer(body, step, dead)
                finally:
                    with owner._lock:
                        owner.now -= 1

            def answer(self, body: dict[str, Any], step: Any, dead: bool) -> None:
                if dead:
                    threading.Thread(target=owner.close, daemon=True).start()
                if dead or step == "close":
                    self.close_connection = True
                    self.connection.close()
                elif step == "hang":
                    owner._closed.wait(60)
                elif step == "garbage":
                    self.send(200, b"<html>no JSON")
                elif isinstance(step, tuple):
                    self.send(step[0], json.dumps(step[1]).encode(), step[2])
                elif step is not None:
                    self.send(step, b'{"error": {"message": "told so"}}')
                elif owner.key and self.headers.get("Authorization") != f"Bearer {owner.key}":
                    self.send(401, b'{"error": {"message": "wrong key"}}')
                else:
                    self.picture(body)

            def picture(self, body: dict[str, Any]) -> None:
                width, height = map(int, body["size"].split("x"))
                made = owner.draw(body["prompt"], body.get("seed"), width, height)
                if isinstance(made, str):
                    error = {"message": made, "code": "content_policy_violation", "type": "invalid_request_error"}
                    return self.send(400, json.dumps({"error": error}).encode())
                buffer = io.BytesIO()
                Image.fromarray(made).save(buffer, "PNG")
                with owner._lock:
                    owner.pictures.append(buffer.getvalue())
                    place = len(owner.pictures) - 1
                given = {"b64_json": base64.b64encode(buffer.getvalue()).decode()}
                if owner.as_url:
                    given = {"url": f"{'' if owner.relative else f'http://{owner.address}'}/pictures/{place}"}
                self.send(200, json.dumps({"created": 1, "data": [given]}).encode())

        return Images
