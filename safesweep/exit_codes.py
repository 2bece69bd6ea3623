"""How a command ends. Each code means one thing; docs/regression.md has the same table, and a test compares the two."""

from enum import IntEnum


class ExitCode(IntEnum):
    """A process's exit codes."""

    DONE = 0
    """Done; of a gate: PASS or WARN."""
    BLOCK = 1
    """The gate's BLOCK."""
    BAD_INPUT = 2
    """Something that was handed in cannot be used; one line says what, and what is allowed."""
    TOO_MANY_UNSCORED = 3
    """A run's trials were made, but for more than `unscored_limit`."""
    NOT_JUDGED = 4
    """The gate's INCONCLUSIVE, and what could not be judged at all: damaged, mixed, changed or not comparable."""
    CRASHED = 70
    """An error of the program's own, with its traceback."""
    INTERRUPTED = 130
    """Ctrl-C, or SIGINT: what a shell makes of it."""
    TERMINATED = 143
    """SIGTERM, once the pool, the lease and the cluster are given back; likewise."""
