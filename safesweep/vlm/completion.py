"""A server's reply to a chat completion: the answer in it with its record, and errors that no second attempt can mend."""

import json
from collections.abc import Mapping
from typing import Any

from safesweep.vlm.errors import VlmRefusedError, VlmTroubleError
from safesweep.vlm.reply import Reply

SHOWN = 200
"""Characters of a reply that an error shows."""
FILTERED = frozenset({"content_filter", "safety", "refusal", "prohibited_content"})
"""Finish reasons, case-folded, of an answer that a filter held back."""
_SPENT = (
    "insufficient_quota",
    "billing_hard_limit_reached",
    "insufficient_balance",
    "insufficient_credits",
    "quota_exceeded",
)
_SPENT_WORDS = (
    "exceeded your current quota",
    "insufficient balance",
    "credit balance is too low",
    "out of credits",
    "billing details",
)


def read_completion(text: str, where: str) -> Reply:
    """The answer of a reply's body, outer blanks removed; ``where`` names the endpoint. Text given in parts is put together.

    Raises ``VlmRefusedError`` where a refusal or a filter is reported, ``VlmTroubleError`` for a body that is no chat completion.
    """
    try:
        reply = json.loads(text)
        choice = reply["choices"][0]
        message, finished = choice["message"], choice.get("finish_reason")
        written, refusal = _content(message.get("content")), message.get("refusal")
        used = reply.get("usage") or {}
        tokens = [_count(used.get(name)) for name in ("prompt_tokens", "completion_tokens")]
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        raise VlmTroubleError(f"{where}: the reply is no chat completion: {short(text)}") from None
    refusal = refusal or _refusal(message.get("content"))
    reason = finished if isinstance(finished, str) else None
    if refusal or (reason or "").casefold() in FILTERED:
        raise VlmRefusedError(f"{where}: refused: {short(str(refusal or reason))}")
    return Reply(written.strip(), finish_reason=reason, prompt_tokens=tokens[0], completion_tokens=tokens[1])


def _content(content: Any) -> str:
    """Text as such, or that of its parts; thoughts that come as parts of their own are left out. "" where there is none."""
    if content is None or isinstance(content, str):
        return content or ""
    texts = [part if isinstance(part, str) else part["text"] for part in content if _says(part)]
    return "".join(texts)


def _says(part: Any) -> bool:
    return isinstance(part, str) or part.get("type", "text") in ("text", "output_text")


def _refusal(content: Any) -> str | None:
    parts = content if isinstance(content, list) else []
    return next(
        (str(part.get("refusal")) for part in parts if isinstance(part, dict) and part.get("type") == "refusal"), None
    )


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def quota_spent(status: int, headers: Mapping[str, str], text: str) -> bool:
    """Whether the account behind an endpoint has nothing left, so that waiting will not help: status 402, or a 403 or 429 that says so.

    A reply that says when to come back speaks of a rate.
    """
    if status not in (402, 403, 429):
        return False
    said = text.casefold()
    if status == 402 or any(f'"{code}"' in said for code in _SPENT):
        return True
    return any(words in said for words in _SPENT_WORDS) and "Retry-After" not in headers and "retrydelay" not in said


def short(text: str) -> str:
    """``text`` on one line, at most ``SHOWN`` characters of it."""
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else line[:SHOWN] + "…"
