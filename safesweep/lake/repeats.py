"""The name of a trial whose picture another row of the prompt sets has asked for already."""

import hashlib
import json

Line = tuple[str, str, int, int]
"""What tells a prompt's sample from all others of a run: prompt set, source, row, sample index."""


def repeat_id(picture: str, line: Line) -> str:
    """The trial id of a row that asks for the picture of trial ``picture``: as many hexadecimal digits as that has."""
    return hashlib.sha256(json.dumps([picture, *line]).encode()).hexdigest()[: len(picture)]
