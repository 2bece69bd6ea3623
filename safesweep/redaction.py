"""URLs without what may be secret in them. Wherever a URL becomes text (a log, an error, the lake, a manifest), it goes through here."""

import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "…"
"""Stands where a query, a fragment, or a user and password were."""
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_IN_TEXT = re.compile(rf"{_SCHEME.pattern}[^\s'\"<>`|{{}}]+")
_AFTER = ".,;:!?)]"
"""Ends of a sentence rather than of the URL in it."""


def shown_url(url: str) -> str:
    """A URL, with or without its scheme, less user, password, query and fragment; scheme, host, port and path stay.

    ``hf://datasets/owner/name@revision/file``: an "@" behind the host is part of the path.
    """
    found = _SCHEME.match(url)
    scheme, rest = (found[0], url[found.end() :]) if found else ("", url)
    end = min((place for letter in "?#" if (place := rest.find(letter)) >= 0), default=len(rest))
    # a password may hold a "/" (AWS's keys do): then what looks like the port is no number
    authority = re.split(r"[/\\]", rest[:end], maxsplit=1)[0]
    _, colon, port = authority.rpartition(":")
    if "@" in authority:
        user = rest[: len(authority)].rindex("@") + 1
    elif colon and not port.isdecimal() and "]" not in port and "@" in rest:
        user = rest.rindex("@") + 1
    else:
        user = 0
    tail = min((place for letter in "?#" if (place := rest.find(letter, user)) >= 0), default=len(rest))
    return f"{scheme}{HIDDEN + '@' if user else ''}{rest[user:tail]}{'?' + HIDDEN if tail < len(rest) else ''}"


def shown_origin(url: str) -> str:
    """Of a URL whose path is a secret, as a webhook's is: scheme, host and port."""
    scheme, found, rest = shown_url(url).rpartition("://")
    host, slash, _ = rest.removeprefix(f"{HIDDEN}@").removesuffix(f"?{HIDDEN}").partition("/")
    return f"{scheme}{found}{host}{'/' + HIDDEN if slash else ''}"


def without_secrets(text: str) -> str:
    """A text in which every URL is as ``shown_url`` has it; all else stays."""

    def shown(found: re.Match[str]) -> str:
        url = found[0].rstrip(_AFTER)
        return shown_url(url) + found[0][len(url) :]

    return _IN_TEXT.sub(shown, text) if "://" in text else text


def without_secrets_in(value: Any) -> Any:
    """JSON's kinds of values, with every text and key as ``without_secrets`` has it. A text that begins as a
    URL is one to its end, blanks included, unless a sentence follows ("…: ")."""
    if isinstance(value, str):
        return shown_url(value) if _SCHEME.match(value) and ": " not in value else without_secrets(value)
    if isinstance(value, Mapping):
        return {
            without_secrets(key) if isinstance(key, str) else key: without_secrets_in(one) for key, one in value.items()
        }
    if isinstance(value, list | tuple):
        return [without_secrets_in(one) for one in value]
    return value


def without_parts_of(text: str, url: str) -> str:
    """``text`` less every part of ``url`` behind its scheme that is long enough to be a token: libraries quote paths without their host."""
    parts = [part for part in re.split(r"[/\\@:?&=#]+", url.partition("://")[2]) if len(part) > 5]
    for part in sorted(parts, key=len, reverse=True):
        text = text.replace(part, HIDDEN)
    return without_secrets(text)
