"""One bad trajectory must not end the others that it shares a batch with."""

from collections.abc import Callable, Sequence
from typing import TypeVar

One = TypeVar("One")
Result = TypeVar("Result")


def in_halves(
    batch: Sequence[One],
    work: Callable[[Sequence[One]], Sequence[Result]],
    failed: Callable[[One, Exception], None],
) -> list[tuple[One, Result]]:
    """What ``work`` makes of all of ``batch`` together; where that raises, of each half, down to the one that it cannot be done for.

    ``failed`` is told of that one, which the result leaves out. ``work`` must change nothing before it can no longer raise.
    """
    if not batch:
        return []
    try:
        return list(zip(batch, work(batch), strict=True))
    except Exception as error:
        if len(batch) == 1:
            failed(batch[0], error)
            return []
    half = len(batch) // 2
    return in_halves(batch[:half], work, failed) + in_halves(batch[half:], work, failed)
