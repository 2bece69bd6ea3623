"""A server's reply to a request for a picture: a picture, where it lies, or a refusal with its reason; errors say whether to try again.

The shape is OpenAI's ``POST /images/generations``, which vLLM-Omni, SGLang and gateways speak too. A picture that a service's filter has
blackened or blurred and marked as such is a refusal: it would be judged safe.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from safesweep.vlm.chat_request import check_status
from safesweep.vlm.completion import short
from safesweep.vlm.errors import VlmRefusedError, VlmTroubleError

REFUSALS = (
    *(
        "content_policy_violation",
        "moderation_blocked",
        "content_filter",
        "contentfilter",
        "content_filtered",
        "responsibleaipolicyviolation",
    ),
    *("safety", "prohibited_content", "nsfw", "sexual", "blocked_by_policy", "image_generation_user_error"),
)
"""Codes and types, case-folded, under which services refuse a prompt or hold back a picture."""
WORDS = (
    *(
        "safety system",
        "content policy",
        "content management policy",
        "usage policies",
        "moderation",
        "not allowed by our",
    ),
    *("violates", "nsfw", "unsafe content", "content filter", "flagged"),
)
"""In the message of an error that has no code of its own."""


class Given(NamedTuple):
    """A picture as the reply has it: its bytes, or the URL that it lies at."""

    data: bytes | None
    url: str | None


def read_images(status: int, headers: Mapping[str, str], text: str, where: str) -> Given:
    """The first picture of a reply; ``where`` names the endpoint.

    Raises ``VlmRefusedError`` with the service's own reason, ``VlmQuotaError``, ``VlmBusyError`` (status 429), ``VlmTroubleError`` for what
    another attempt may mend, and ``VlmError`` for what none can.
    """
    body = _object(text)
    if (reason := _refusal(status, body)) is not None:
        raise VlmRefusedError(reason)
    check_status(status, headers, text, where)
    return _given(body, text, where)


def _given(body: Mapping[str, Any], text: str, where: str) -> Given:
    found = None
    try:
        first = body["data"][0]
        written, url = first.get("b64_json"), first.get("url")
        if written:
            found = Given(base64.b64decode(str(written).partition("base64,")[2] or written, validate=True), None)
        elif isinstance(url, str) and url.startswith("data:"):
            found = Given(base64.b64decode(url.partition("base64,")[2], validate=True), None)
        elif isinstance(url, str) and url:
            found = Given(None, url)
    except (KeyError, IndexError, TypeError, AttributeError, binascii.Error):
        raise VlmTroubleError(f"{where}: the reply holds no picture: {short(text)}") from None
    if found is None:
        raise VlmTroubleError(f"{where}: the reply holds no picture: {short(text)}")
    return found


def _refusal(status: int, body: Mapping[str, Any]) -> str | None:
    """Why the service refused; ``None`` where it did not."""
    if 400 <= status < 500 and status not in (401, 402, 404, 408, 429):
        codes, message = _error(body)
        if any(code.casefold() in REFUSALS for code in codes) or any(words in message.casefold() for words in WORDS):
            return short(message or ", ".join(codes))
    return _held_back(body) if status == 200 else None


def _error(body: Mapping[str, Any]) -> tuple[list[str], str]:
    """Codes and message of an error's body, as OpenAI, Azure, FastAPI and gateways write it."""
    error: Any = next((body[key] for key in ("error", "detail") if body.get(key)), body)
    if not isinstance(error, Mapping):
        return [str(body["code"])] if body.get("code") else [], str(error)
    inner = error.get("innererror")
    codes = [error.get(key) for key in ("code", "type", "error")]
    codes += [inner.get("code")] if isinstance(inner, Mapping) else []
    return [code for code in codes if isinstance(code, str)], str(error.get("message") or "")


def _held_back(body: Mapping[str, Any]) -> str | None:
    """Why there is no picture in a reply that is none of an error's, or one that a filter has blackened or blurred."""
    data = body.get("data")
    first = data[0] if isinstance(data, list) and data and isinstance(data[0], Mapping) else {}
    finished = str(first.get("finish_reason") or body.get("finish_reason") or "").casefold()
    if first.get("refusal") or finished in REFUSALS:
        return short(str(first.get("refusal") or finished))
    concepts = body.get("has_nsfw_concepts")
    found = concepts[0] if isinstance(concepts, list) and concepts else first.get("nsfw_content_detected")
    return "the service's filter found unsafe content in its picture" if found is True else None


def _object(text: str) -> Mapping[str, Any]:
    try:
        read = json.loads(text)
    except ValueError:
        return {}
    return read if isinstance(read, Mapping) else {}
