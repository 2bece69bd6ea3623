"""A VLM behind HTTP that the rain falls on: for a while it refuses, hangs, answers garbage, closes in the middle, or fails."""

import threading
import time
from http.server import ThreadingHTTPServer
from typing import Any

from tests.safesweep.vlm.chat_server import ChatServer

LATENCY_S = 0.1
"""Of an answer; takes no CPU."""
WAYS = ("refuse", "hang", "garbage", "close", "fail")


class Endpoint(ChatServer):
    """Answers by a picture's colours, so that equal pictures have equal answers whenever they are asked about."""

    def __init__(self) -> None:
        super().__init__(self._see)
        self._port = self._server.server_address[1]
        self._quietly()
        self._listening = True

    def _see(self, picture: Any, question: str) -> str:
        time.sleep(LATENCY_S)
        self.bodies.clear()
        red, green, _ = picture.reshape(-1, 3).mean(axis=0)
        return "dagger" if red > green else "nothing"

    def misbehave(self, way: str) -> None:
        """From now on every question is met in one of `WAYS`."""
        if way == "refuse":
            # connections that stand are kept by their threads
            self.always, self._listening = "close", False
            self._server.shutdown()
            self._server.server_close()
        else:
            self.always = 503 if way == "fail" else way

    def behave(self) -> None:
        """Answers again."""
        self.always = None
        if not self._listening:
            self._server = ThreadingHTTPServer(("127.0.0.1", self._port), self._server.RequestHandlerClass)
            self._server.daemon_threads = True
            self._quietly()
            threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
            self._listening = True

    def _quietly(self) -> None:
        # who asks is killed in the middle again and again
        self._server.handle_error = lambda request, client_address: None  # type: ignore[method-assign]
