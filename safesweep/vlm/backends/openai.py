"""A vision-language model behind an OpenAI-compatible HTTP endpoint: vLLM, ``ray.serve.llm``, a hosted model."""

import asyncio
import json
import os
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import aiohttp
from pydantic import Field, PositiveInt, field_validator, model_validator

from safesweep.errors import InputError, did_you_mean
from safesweep.models.checkpoint import digest
from safesweep.redaction import shown_url, without_secrets
from safesweep.types import Picture
from safesweep.vlm.base import DigestOf, DirectVlm, Source
from safesweep.vlm.chat_request import ChatRequests, RequestVlm, check_status
from safesweep.vlm.completion import short
from safesweep.vlm.errors import VlmError, VlmTroubleError
from safesweep.vlm.processor_options import ProcessorOptions
from safesweep.vlm.reply import Reply

PATHS = ("/chat/completions", "/completions", "/models", "/responses")
"""What people copy along with the address under which an API begins."""


class OpenAiVlm(RequestVlm, DirectVlm):
    """An OpenAI-compatible endpoint, asked by the diffusion actors themselves."""

    backend: Literal["openai"] = "openai"
    """Who answers: transformers (a pool of one's own), serve_llm (one of vLLM), openai (somebody else's endpoint), or a plugin's."""
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
        self.check_forms(tuple(questions))
        check_endpoint(self.url, self.model, self.api_key_env, min(self.timeout_s, 10.0))

    def model_id(self, digest_of: DigestOf = digest) -> str:
        """ "openai:name@revision", as its user states it: what stands behind an endpoint cannot be hashed."""
        return f"openai:{self.model}@{self.revision or 'unpinned'}"

    def deciding(self, digest_of: DigestOf = digest) -> dict[str, Any]:
        """The model as its user names it, and the conversation. The fixed keys are those of a pool's model: identities that stand
        in lakes were made with them. An option of the request is part of it where it is set."""
        written = {"weights": self.model_id(digest_of), "dtype": None, "mode": "generate", **self.conversation()}
        return {**written, **self.asked_for()}

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
            self.url, self.requests(self.model), self.timeout_s, self.api_key_env, self.max_ongoing_requests
        )


class Endpoint:
    """Asks ``POST {url}/chat/completions``, one attempt a call; for use on one event loop.

    ``url`` ends where the API's paths begin, usually in ``/v1``. ``api_key_env`` names the environment variable that holds the key.
    """

    def __init__(
        self,
        url: str,
        requests: ChatRequests,
        timeout_s: float,
        api_key_env: str | None = None,
        connections: int = 64,
    ) -> None:
        self._url, self._requests = url.rstrip("/"), requests
        self._shown = shown_url(self._url)
        self._headers = request_headers(api_key_env)
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    async def ask(self, picture: Picture, question: str) -> Reply:
        """The answer, as ``ChatRequests`` reads it. ``picture``: uint8 [H, W, 3] RGB.

        Raises what ``check_status`` and ``ChatRequests.read`` raise, and ``VlmTroubleError`` where no answer comes.
        """
        body = await self._requests.body(picture, question)
        status, headers, text = await self._post(f"{self._url}/chat/completions", body)
        if status == 404 and "/v" not in self._url:
            raise VlmError(f"{self._shown}: status 404: {short(text)}; does the API begin at {self._shown}/v1?")
        check_status(status, headers, text, self._shown)
        return self._requests.read(question, text, self._shown)

    async def close(self) -> None:
        """Closes the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

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


def check_endpoint(
    url: str,
    model: str,
    api_key_env: str | None = None,
    timeout_s: float = 10.0,
    *,
    option: str = "vlm",
    lists_models: bool = True,
) -> None:
    """Asks ``GET {url}/models`` once, so that a run does not start without its endpoint; ``option``: the section that errors name.

    An endpoint that has no such list (404, 405, 501) is taken on trust; without ``lists_models`` one whose list is another, too.

    Raises:
        InputError: unreachable, a wrong key, or the model is not among those that it serves.
    """
    headers = request_headers(api_key_env, option)
    status, text = asyncio.run(_get(f"{url.rstrip('/')}/models", headers, timeout_s, f"{option}.url"))
    if status in (404, 405, 501):
        return
    if status != 200:
        raise InputError(f"{option}.url: {url}: status {status}: {short(text)}")
    try:
        served = [str(entry["id"]) for entry in json.loads(text)["data"]]
    except (ValueError, KeyError, TypeError):
        if not lists_models:
            return
        raise InputError(f"{option}.url: {url}/models: is no list of models: {short(text)}") from None
    if model not in served:
        hint = did_you_mean(model, served)
        raise InputError(
            f"{option}.model: {url} serves no model {model!r}; allowed: {', '.join(served) or 'none'}{hint}"
        )


async def _get(url: str, headers: dict[str, str], timeout_s: float, option: str) -> tuple[int, str]:
    try:
        timeout = aiohttp.ClientTimeout(total=timeout_s)
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.get(url, timeout=timeout, allow_redirects=False) as reply,
        ):
            return reply.status, await reply.text(errors="replace")
    except TimeoutError:
        raise InputError(f"{option}: {url}: no answer within {timeout_s:g} s") from None
    except (aiohttp.ClientError, ValueError) as error:
        raise InputError(f"{option}: {url}: cannot be reached: {error}") from error


def request_headers(api_key_env: str | None, option: str = "vlm") -> dict[str, str]:
    """What a request carries; ``option``: the section that errors name. Raises ``InputError`` for a key that is not set or is none."""
    if api_key_env is None:
        return {}
    key = os.environ.get(api_key_env, "").strip()
    where = f"{option}.api_key_env"
    if not key:
        raise InputError(f"{where}: the environment variable {api_key_env} is not set; it must hold the key")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise InputError(
            f"{where}: what the environment variable {api_key_env} holds is no key: "
            "a blank, a line break or a letter beyond ASCII is in it"
        )
    return {"Authorization": f"Bearer {key}"}
