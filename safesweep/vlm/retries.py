"""Trying again: growing pauses, what was not even taken apart from what failed, a deadline for each.

A loop of its own and not a library's (tenacity): two budgets run side by side over one question, attempts and the time in which it is
not even taken, and a library that counts one of them needs its stop, its pause and its error written out all the same.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from safesweep.vlm.errors import VlmBusyError, VlmGaveUpError, VlmTroubleError

Answer = TypeVar("Answer")
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 5.0
LONGEST_BUSY_PAUSE_S = 0.5
LONGEST_RETRY_AFTER_S = 60.0


async def persist(
    attempt: Callable[[], Awaitable[Answer]], timeout_s: float, tries: int, retried: Callable[[], object]
) -> Answer:
    """What ``attempt`` gives, after at most ``tries`` of them; ``retried`` is called before each further one.

    One that was not even taken (``VlmBusyError``) uses up none and is tried again for ``tries × timeout_s`` seconds. Raises
    ``VlmGaveUpError`` after the last, and whatever else an attempt raises at once.
    """
    deadline = time.monotonic() + timeout_s * tries
    failed, busy = 0, 0
    while True:
        try:
            return await attempt()
        except VlmBusyError as error:
            busy += 1
            if time.monotonic() > deadline:
                raise VlmGaveUpError(f"not taken in {busy} attempts, the last: {error}") from error
            told = error.retry_after_s
            pause = min(_pause(busy), LONGEST_BUSY_PAUSE_S) if told is None else min(told, LONGEST_RETRY_AFTER_S)
        except VlmTroubleError as error:
            failed += 1
            if failed >= tries:
                raise VlmGaveUpError(f"{failed} attempts, the last: {error}") from error
            pause = _pause(failed)
        retried()
        await asyncio.sleep(pause * random.uniform(0.5, 1.5))


def _pause(attempt: int) -> float:
    return min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** (attempt - 1))
