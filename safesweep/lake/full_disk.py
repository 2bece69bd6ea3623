"""A disk that is full while a lake is written: how its failure is known, also when another process has told of it."""

import errno
import os

from safesweep.lake.stores import causes

CODES = (errno.ENOSPC, errno.EDQUOT)
SAID = tuple(os.strerror(code) for code in CODES)
"""What the system says, in an error's text."""


def full_disk(error: BaseException) -> str | None:
    """What the system said, as one line, where ``error`` comes of a disk or a quota that is full; else None."""
    for one in causes(error):
        if isinstance(one, OSError):
            for code, said in zip(CODES, SAID, strict=True):
                if one.errno == code or said in str(one):
                    return said
    return None
