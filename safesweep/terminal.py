"""Text that may come from anywhere, made fit for a terminal: no escape sequence, and nothing that turns the order of letters around."""

import re

from safesweep.redaction import without_secrets

_TURNING = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
"""Marks of the direction of writing: with them a text looks like another one."""
_UNFIT = re.compile(rf"[\x00-\x08\x0b-\x1f\x7f-\x9f{_TURNING}\u2028\u2029\ud800-\udfff]")


def fit(text: str) -> str:
    """``text`` with control characters, but tabs and line ends, as pictures of them ("␛"), and what has none as "�".

    A carriage return before a line end is left out: the line ends so on Windows.
    """
    return _UNFIT.sub(_picture, text.replace("\r\n", "\n"))


def sayable(text: str) -> str:
    """``text`` fit for a terminal, and without what is secret in its URLs: for errors and logs, which quote whatever failed."""
    return fit(without_secrets(text))


def _picture(found: "re.Match[str]") -> str:
    code = ord(found[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else "�"
