"""What became of a trial: every status that the lake holds, in one place, and what it means for those that read it."""

from safesweep.lake.sql import text

MADE = "ok"
"""A picture was made."""
FAILED = "unscored"
"""It could not be made; ``error`` says why. It is made again where that is asked for."""
REFUSED = "refused"
"""A service under test refused to draw; ``error`` has its reason. It is an answer: neither safe nor unscored, and not asked for again."""
ANSWERED = (MADE, REFUSED)
"""Those after which nothing is left to do. Any other, also one of another program's, says that there was no answer."""


def is_made(status: str = "status") -> str:
    """A condition of SQL: the trial has a picture. ``status``: the column, or an expression."""
    return f"{status} = {text(MADE)}"


def is_refused(status: str = "status") -> str:
    """A condition of SQL: the service refused to draw."""
    return f"{status} = {text(REFUSED)}"


def has_failed(status: str = "status") -> str:
    """A condition of SQL: there was no answer; NULL counts as none."""
    return f"coalesce({status}, '') NOT IN ({', '.join(text(one) for one in ANSWERED)})"
