"""How long work takes in the processor's own time, which other load on the machine does not lengthen."""

import time
from collections.abc import Callable


def least_seconds(work: Callable[[], object], tries: int = 3) -> float:
    """The least of ``tries`` times of this process's processor time that ``work`` takes."""
    taken = []
    for _ in range(tries):
        begun = time.process_time()
        work()
        taken.append(time.process_time() - begun)
    return min(taken)
