"""The client that asks a VLM from any thread: retries, back-off, deadlines and refusals, whatever stands behind it.

A loop of its own and not a library's (tenacity): two budgets run side by side over one question, attempts and the time in which it is
not even taken, and a library that counts one of them needs its stop, its pause and its error written out all the same.
"""

import asyncio
import random
import threading
import time
from concurrent.futures import Future

from safesweep.types import Picture
from safesweep.vlm.base import Source
from safesweep.vlm.errors import VlmBusyError, VlmGaveUpError, VlmRefusedError, VlmTroubleError
from safesweep.vlm.reading import read_reply
from safesweep.vlm.refusal import refused
from safesweep.vlm.reply import Reply

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 5.0
LONGEST_BUSY_PAUSE_S = 0.5
LONGEST_RETRY_AFTER_S = 60.0


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
        deadline = time.monotonic() + self._timeout * self._tries
        attempt, busy = 0, 0
        while True:
            try:
                answer = await self._source.ask(picture, question)
            except VlmBusyError as error:
                busy += 1
                if time.monotonic() > deadline:
                    raise VlmGaveUpError(f"not taken in {busy} attempts, the last: {error}") from error
                told = error.retry_after_s
                pause = min(_pause(busy), LONGEST_BUSY_PAUSE_S) if told is None else min(told, LONGEST_RETRY_AFTER_S)
            except VlmTroubleError as error:
                attempt += 1
                if attempt >= self._tries:
                    raise VlmGaveUpError(f"{attempt} attempts, the last: {error}") from error
                pause = _pause(attempt)
            else:
                reply = read_reply(answer)
                if self._refusals_fail and refused(reply):
                    raise VlmRefusedError(f"the VLM refused: {reply[:200]!r}")
                return reply
            self.retries += 1
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))


def _pause(attempt: int) -> float:
    return min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** (attempt - 1))
