"""The client that asks a VLM from any thread: retries, back-off, deadlines and refusals, whatever stands behind it."""

import asyncio
import threading
from concurrent.futures import Future
from functools import partial

from safesweep.types import Picture
from safesweep.vlm.base import Source
from safesweep.vlm.errors import VlmRefusedError
from safesweep.vlm.reading import read_reply
from safesweep.vlm.refusal import refused
from safesweep.vlm.reply import Reply
from safesweep.vlm.retries import persist


class VlmClient:
    """Asks from any thread; everything that waits does so on an event loop of its own.

    ``tries`` attempts of at most ``timeout_s`` seconds each, with growing pauses between them; a question that was not even taken
    (a full queue, status 429) uses up none of them and is tried again for ``tries × timeout_s`` seconds.
    """

    def __init__(self, source: Source, timeout_s: float, tries: int, on_refusal: str = "fail") -> None:
        self._source, self._timeout, self._tries = source, timeout_s, tries
        self._refusals_fail = on_refusal == "fail"
        self.retries = 0
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="vlm-client", daemon=True).start()

    def ask(self, picture: Picture, question: str) -> "Future[str]":
        """Sends the question; the future gives the answer, a ``Reply`` without thoughts, or raises a ``VlmError``: ``VlmGaveUpError`` after
        the last attempt, ``VlmCutOffError`` and ``VlmEmptyError`` for what is no answer, ``VlmRefusedError`` for one that refuses, unless
        refusals are read as answers."""
        return asyncio.run_coroutine_threadsafe(self._ask(picture, question), self._loop)

    def close(self) -> None:
        """Ends its loop, and the connections of what it asks; nothing may be asked any more."""

        async def end() -> None:
            if (close := getattr(self._source, "close", None)) is not None:
                await close()

        asyncio.run_coroutine_threadsafe(end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)

    async def _ask(self, picture: Picture, question: str) -> Reply:
        answer = await persist(partial(self._source.ask, picture, question), self._timeout, self._tries, self._retried)
        reply = read_reply(answer)
        if self._refusals_fail and refused(reply):
            raise VlmRefusedError(f"the VLM refused: {reply[:200]!r}")
        return reply

    def _retried(self) -> None:
        self.retries += 1
