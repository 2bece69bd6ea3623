"""A vision-language model behind an OpenAI-compatible HTTP endpoint: vLLM, ``ray.serve.llm``, a hosted model."""

import asyncio
import base64
import io
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import aiohttp
from PIL import Image
from pydantic import Field, PositiveInt, field_validator, model_validator

from safesweep.errors import InputError, did_you_mean
from safesweep.models.checkpoint import digest
from safesweep.redaction import shown_url, without_secrets
from safesweep.types import Picture
from safesweep.vlm.base import DigestOf, DirectVlm, Source
from safesweep.vlm.chat import ChatVlm
from safesweep.vlm.completion import quota_spent, read_completion, short
from safesweep.vlm.errors import VlmBusyError, VlmError, VlmQuotaError, VlmTroubleError
from safesweep.vlm.examples import Example, load_examples
from safesweep.vlm.processor_options import ProcessorOptions
from safesweep.vlm.reading import read_reply
from safesweep.vlm.refusal import refused
from safesweep.vlm.reply import Reply
from safesweep.vlm.structured import form_for

FIXED = ("messages", "model", "n", "response_format", "stream")
"""Fields of a request that no ``extra_body`` may set."""
PATHS = ("/chat/completions", "/completions", "/models", "/responses")
"""What people copy along with the address under which an API begins."""


class OpenAiVlm(ChatVlm, DirectVlm):
    """An OpenAI-compatible endpoint, asked by the diffusion actors themselves."""

    backend: Literal["openai"] = "openai"
    """Who answers: transformers (a pool of one's own), openai (somebody else's endpoint), or a plugin's."""
    url: str
    """Where the API begins, e.g. ``http://vlm.internal:8000/v1``."""
    model: str
    """The name under which the endpoint serves it."""
    revision: str | None = None
    """As the endpoint's operator states it; it becomes part of the trial ids."""
    processor_options: ProcessorOptions = Field(default={})
    """As the endpoint's operator states them; they become part of the trial ids and are not sent."""
    api_key_env: str | None = Field(default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    """The environment variable that holds the key; it must be set wherever diffusion actors run."""
    max_ongoing_requests: PositiveInt = 64
    """Connections that one actor keeps."""
    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """The request's field for ``max_new_tokens``; newer OpenAI models know the second one alone."""
    extra_body: dict[str, Any] = Field(default={})
    """Further fields of the request as the server names them, e.g. ``{temperature: 1, seed: 7}``; one that is null is not sent at all."""
    structured: bool = False
    """Ask for the answer in a JSON schema (``response_format``): guiding questions for a list of terms, judges for a rating."""
    vocabularies: tuple[str, ...] = ()
    """structured: YAML files of the vocabularies that do not ship."""

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        url = url.strip()
        scheme, found, rest = url.partition("://")
        shown = shown_url(url)
        if not found:
            raise ValueError(f"{shown!r} has no scheme; allowed: http://{shown} or https://{shown}")
        if scheme.lower() not in ("http", "https") or not rest.strip("/"):
            raise ValueError(f"{shown!r} is no address of an API; allowed: http://HOST:PORT/v1 or https://HOST/v1")
        for path in PATHS:
            if url.rstrip("/").endswith(path):
                raise ValueError(
                    f"{shown!r} is too long; allowed: {shown.rstrip('/').removesuffix(path)}, where the API begins"
                )
        return url

    @field_validator("extra_body")
    @classmethod
    def _leaves_the_question_alone(cls, extra: dict[str, Any]) -> dict[str, Any]:
        for field in FIXED:
            if field in extra:
                raise ValueError(f"{field} may not be set; it is given by other options or by the question")
        return extra

    @model_validator(mode="before")
    @classmethod
    def _has_url(cls, written: Any) -> Any:
        if isinstance(written, Mapping) and not written.get("url"):
            raise ValueError("backend openai needs a url, e.g. http://localhost:8000/v1")
        return written

    @classmethod
    def refuse(cls, foreign: Mapping[str, Any]) -> None:
        """Score mode. Raises ``ValueError``."""
        if foreign.get("mode") == "score":
            raise ValueError("mode score needs the logits of backend transformers; backend openai allows: generate")

    def check(self, questions: Iterable[str] = ()) -> None:
        """The examples' pictures, a form for the answer to every question, and once the endpoint itself. Raises ``InputError``."""
        super().check(questions)
        if self.structured:
            for question in questions:
                form_for(question, self.vocabularies)
        check_endpoint(self.url, self.model, self.api_key_env, min(self.timeout_s, 10.0))

    def model_id(self, digest_of: DigestOf = digest) -> str:
        """ "openai:name@revision", as its user states it: what stands behind an endpoint cannot be hashed."""
        return f"openai:{self.model}@{self.revision or 'unpinned'}"

    def deciding(self, digest_of: DigestOf = digest) -> dict[str, Any]:
        """The model as its user names it, and the conversation. The fixed keys are those of a pool's model: identities that stand
        in lakes were made with them. An option of the request is part of it where it is set."""
        written = {"weights": self.model_id(digest_of), "dtype": None, "mode": "generate", **self.conversation()}
        fields = type(self).model_fields
        request = {name: getattr(self, name) for name in ("max_tokens_field", "extra_body", "structured")}
        return {**written, **{name: value for name, value in request.items() if value != fields[name].default}}

    def described(self) -> str:
        """Model and address."""
        return f"{self.model} at {shown_url(self.url)}"

    @property
    def key_goes_to(self) -> tuple[str, str] | None:
        """Its address, where it has a key."""
        return (self.url, self.api_key_env) if self.api_key_env else None

    def load(self) -> Source:
        """The endpoint. Raises ``InputError`` for an example that cannot be read or a key that is not set."""
        return Endpoint(
            self.url,
            self.model,
            timeout_s=self.timeout_s,
            max_new_tokens=self.max_new_tokens,
            picture_size=self.picture_size,
            examples=load_examples(self.examples),
            api_key_env=self.api_key_env,
            connections=self.max_ongoing_requests,
            max_tokens_field=self.max_tokens_field,
            extra_body=self.extra_body,
            structured=self.structured,
            vocabularies=self.vocabularies,
        )


class Endpoint:
    """Asks ``POST {url}/chat/completions``, greedily, one attempt a call; for use on one event loop.

    ``url`` ends where the API's paths begin, usually in ``/v1``. ``api_key_env`` names the environment variable that holds the key.
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        timeout_s: float,
        max_new_tokens: int = 64,
        picture_size: int | None = None,
        examples: Sequence[Example] = (),
        api_key_env: str | None = None,
        connections: int = 64,
        max_tokens_field: str = "max_tokens",
        extra_body: Mapping[str, Any] | None = None,
        structured: bool = False,
        vocabularies: Sequence[str] = (),
    ) -> None:
        self._url, self._model = url.rstrip("/"), model
        self._shown = shown_url(self._url)
        self._picture_size = picture_size
        asked = {"temperature": 0, max_tokens_field: max_new_tokens, **(extra_body or {})}
        self._options = {field: value for field, value in asked.items() if value is not None}
        self._structured, self._vocabularies = structured, tuple(vocabularies)
        self._examples = [(example, _data_url(example.picture, picture_size)) for example in examples]
        self._headers = request_headers(api_key_env)
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    async def ask(self, picture: Picture, question: str) -> Reply:
        """The answer, outer blanks removed, with its record. ``picture``: uint8 [H, W, 3] RGB; sent as PNG.

        A structured one is checked and put into words. Raises ``VlmTroubleError``, ``VlmBusyError``, ``VlmRefusedError``,
        ``VlmQuotaError``, ``VlmMalformedError``, ``VlmEmptyError``, ``VlmCutOffError``, or ``VlmError`` itself for what no second attempt
        can mend (a wrong key, an unknown model, a malformed request).
        """
        form = form_for(question, self._vocabularies) if self._structured else None
        shown = await asyncio.to_thread(_data_url, picture, self._picture_size)
        body = {"model": self._model, "messages": [*self._turns(question), _user(shown, question)], **self._options}
        if form is not None:
            body["response_format"] = form.response_format()
        status, headers, text = await self._post(f"{self._url}/chat/completions", body)
        if quota_spent(status, headers, text):
            raise VlmQuotaError(f"{self._shown}: the quota is used up: status {status}: {short(text)}")
        if status == 429:
            raise VlmBusyError(f"{self._shown}: status 429: {short(text)}", _seconds(headers.get("Retry-After")))
        if status >= 500 or status in (408, 409, 425):
            raise VlmTroubleError(f"{self._shown}: status {status}: {short(text)}")
        if status != 200:
            where = f"; does the API begin at {self._shown}/v1?" if status == 404 and "/v" not in self._url else ""
            raise VlmError(f"{self._shown}: status {status}: {short(text)}{where}")
        reply = read_completion(text, self._shown)
        if form is None:
            return reply
        read = read_reply(reply)
        return read if refused(read) else read.read_as(form.read(read))

    async def close(self) -> None:
        """Closes the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _turns(self, question: str) -> list[dict[str, Any]]:
        turns: list[dict[str, Any]] = []
        for example, shown in self._examples:
            turns += [_user(shown, example.question or question), {"role": "assistant", "content": example.answer}]
        return turns

    async def _post(self, url: str, body: dict[str, Any]) -> tuple[int, Any, str]:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=self._connections)
            self._session = aiohttp.ClientSession(connector=connector, headers=self._headers)
        try:
            async with self._session.post(url, json=body, timeout=self._timeout, allow_redirects=False) as reply:
                return reply.status, reply.headers, await reply.text(errors="replace")
        except TimeoutError:
            raise VlmTroubleError(f"{self._shown}: no answer within {self._timeout.total:g} s") from None
        except aiohttp.ClientError as error:
            raise VlmTroubleError(f"{self._shown}: {type(error).__name__}: {without_secrets(str(error))}") from error


def check_endpoint(url: str, model: str, api_key_env: str | None = None, timeout_s: float = 10.0) -> None:
    """Asks ``GET {url}/models`` once, so that a run does not start without its VLM.

    An endpoint that has no such list (404, 405, 501) is taken on trust.

    Raises:
        InputError: unreachable, a wrong key, or the model is not among those that it serves.
    """
    status, text = asyncio.run(_get(f"{url.rstrip('/')}/models", request_headers(api_key_env), timeout_s))
    if status in (404, 405, 501):
        return
    if status != 200:
        raise InputError(f"vlm.url: {url}: status {status}: {short(text)}")
    try:
        served = [str(entry["id"]) for entry in json.loads(text)["data"]]
    except (ValueError, KeyError, TypeError):
        raise InputError(f"vlm.url: {url}/models: is no list of models: {short(text)}") from None
    if model not in served:
        hint = did_you_mean(model, served)
        raise InputError(f"vlm.model: {url} serves no model {model!r}; allowed: {', '.join(served) or 'none'}{hint}")


async def _get(url: str, headers: dict[str, str], timeout_s: float) -> tuple[int, str]:
    try:
        timeout = aiohttp.ClientTimeout(total=timeout_s)
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.get(url, timeout=timeout, allow_redirects=False) as reply,
        ):
            return reply.status, await reply.text(errors="replace")
    except TimeoutError:
        raise InputError(f"vlm.url: {url}: no answer within {timeout_s:g} s") from None
    except (aiohttp.ClientError, ValueError) as error:
        raise InputError(f"vlm.url: {url}: cannot be reached: {error}") from error


def request_headers(api_key_env: str | None) -> dict[str, str]:
    if api_key_env is None:
        return {}
    key = os.environ.get(api_key_env, "").strip()
    if not key:
        raise InputError(f"vlm.api_key_env: the environment variable {api_key_env} is not set; it must hold the key")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise InputError(
            f"vlm.api_key_env: what the environment variable {api_key_env} holds is no key: "
            "a blank, a line break or a letter beyond ASCII is in it"
        )
    return {"Authorization": f"Bearer {key}"}


def _user(shown: str, question: str) -> dict[str, Any]:
    picture = {"type": "image_url", "image_url": {"url": shown}}
    return {"role": "user", "content": [picture, {"type": "text", "text": question}]}


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
