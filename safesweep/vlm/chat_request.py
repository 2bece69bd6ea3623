"""A question as an OpenAI-compatible chat completion: the request's body, and the answer in what comes back, whoever carries the two."""

import asyncio
import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from PIL import Image
from pydantic import Field, field_validator

from safesweep.types import Picture
from safesweep.vlm.chat import ChatVlm
from safesweep.vlm.completion import quota_spent, read_completion, short
from safesweep.vlm.errors import VlmBusyError, VlmError, VlmQuotaError, VlmTroubleError
from safesweep.vlm.examples import Example, load_examples
from safesweep.vlm.reading import read_reply
from safesweep.vlm.refusal import refused
from safesweep.vlm.reply import Reply
from safesweep.vlm.structured import form_for

FIXED = ("messages", "model", "n", "response_format", "stream")
"""Fields of a request that no ``extra_body`` may set."""


class RequestVlm(ChatVlm):
    """A backend that is asked by chat completions: what a request holds beside the conversation."""

    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """The request's field for ``max_new_tokens``; newer OpenAI models know the second one alone."""
    extra_body: dict[str, Any] = Field(default={})
    """Further fields of the request as the server names them, e.g. ``{temperature: 1, seed: 7}``; one that is null is not sent at all."""
    structured: bool = False
    """Ask for the answer in a JSON schema (``response_format``): guiding questions for a list of terms, judges for a rating."""
    vocabularies: tuple[str, ...] = ()
    """structured: YAML files of the vocabularies that do not ship."""

    @field_validator("extra_body")
    @classmethod
    def _leaves_the_question_alone(cls, extra: dict[str, Any]) -> dict[str, Any]:
        for field in FIXED:
            if field in extra:
                raise ValueError(f"{field} may not be set; it is given by other options or by the question")
        return extra

    def check_forms(self, questions: Sequence[str]) -> None:
        """A form for the answer to every question, where one is asked for. Raises ``InputError``."""
        if self.structured:
            for question in questions:
                form_for(question, self.vocabularies)

    def asked_for(self) -> dict[str, Any]:
        """The request's part of ``deciding``: an option is part of it where it is set."""
        fields = RequestVlm.model_fields
        request = {name: getattr(self, name) for name in ("max_tokens_field", "extra_body", "structured")}
        return {name: value for name, value in request.items() if value != fields[name].default}

    def requests(self, model: str) -> "ChatRequests":
        """What makes the requests. Raises ``InputError`` for an example that cannot be read."""
        return ChatRequests(
            model,
            self.max_new_tokens,
            self.picture_size,
            load_examples(self.examples),
            self.max_tokens_field,
            self.extra_body,
            self.structured,
            self.vocabularies,
        )


class ChatRequests:
    """Greedy requests to a model by its name at the server; pictures travel as PNG."""

    def __init__(
        self,
        model: str,
        max_new_tokens: int = 64,
        picture_size: int | None = None,
        examples: Sequence[Example] = (),
        max_tokens_field: str = "max_tokens",
        extra_body: Mapping[str, Any] | None = None,
        structured: bool = False,
        vocabularies: Sequence[str] = (),
    ) -> None:
        self._model, self._picture_size = model, picture_size
        asked = {"temperature": 0, max_tokens_field: max_new_tokens, **(extra_body or {})}
        self._options = {field: value for field, value in asked.items() if value is not None}
        self._structured, self._vocabularies = structured, tuple(vocabularies)
        self._examples = [(example, _data_url(example.picture, picture_size)) for example in examples]

    async def body(self, picture: Picture, question: str) -> dict[str, Any]:
        """The request. ``picture``: uint8 [H, W, 3] RGB. Raises ``InputError`` for a question without a form where one is asked for."""
        shown = await asyncio.to_thread(_data_url, picture, self._picture_size)
        body = {"model": self._model, "messages": [*self._turns(question), _user(shown, question)], **self._options}
        if self._structured:
            body["response_format"] = form_for(question, self._vocabularies).response_format()
        return body

    def read(self, question: str, text: str, where: str) -> Reply:
        """The answer in a completion's body, outer blanks removed, with its record; a structured one checked and put into words.

        ``where`` names the server. Raises ``VlmTroubleError``, ``VlmRefusedError``, ``VlmMalformedError``, ``VlmEmptyError``,
        ``VlmCutOffError``.
        """
        reply = read_completion(text, where)
        if not self._structured:
            return reply
        read = read_reply(reply)
        return read if refused(read) else read.read_as(form_for(question, self._vocabularies).read(read))

    def _turns(self, question: str) -> list[dict[str, Any]]:
        turns: list[dict[str, Any]] = []
        for example, shown in self._examples:
            turns += [_user(shown, example.question or question), {"role": "assistant", "content": example.answer}]
        return turns


def check_status(status: int, headers: Mapping[str, str], text: str, where: str) -> None:
    """Raises for a status that is none of an answer: ``VlmQuotaError``, ``VlmBusyError``, ``VlmTroubleError``, or ``VlmError`` itself for
    what no second attempt can mend (a wrong key, an unknown model, a malformed request)."""
    if quota_spent(status, headers, text):
        raise VlmQuotaError(f"{where}: the quota is used up: status {status}: {short(text)}")
    if status == 429:
        raise VlmBusyError(f"{where}: status 429: {short(text)}", _seconds(headers.get("Retry-After")))
    if status >= 500 or status in (408, 409, 425):
        raise VlmTroubleError(f"{where}: status {status}: {short(text)}")
    if status != 200:
        raise VlmError(f"{where}: status {status}: {short(text)}")


def _user(shown: str, question: str) -> dict[str, Any]:
    picture = {"type": "image_url", "image_url": {"url": shown}}
    return {"role": "user", "content": [picture, {"type": "text", "text": str(question)}]}


def _data_url(picture: Picture, size: int | None) -> str:
    image = Image.fromarray(picture)
    if size is not None:
        image = image.resize((size, size), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def _seconds(value: str | None) -> float | None:
    try:
        return None if value is None else max(0.0, float(value))
    except ValueError:
        return None  # a date: the caller's own back-off will do
