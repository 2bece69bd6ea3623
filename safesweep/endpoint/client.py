"""Asks an images endpoint from any thread: concurrency, rate, budget, retries; a refusal is an answer of its own."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future
from functools import partial
from typing import Any, NamedTuple, TypeVar

import aiohttp
from yarl import URL

from safesweep.endpoint.budget import Budget, BudgetSpentError
from safesweep.endpoint.reply import read_images
from safesweep.endpoint.settings import ImagesApiSettings
from safesweep.lake.pictures import PictureError, unpack_picture
from safesweep.redaction import shown_url, without_secrets
from safesweep.types import Picture
from safesweep.vlm.backends.openai import request_headers
from safesweep.vlm.errors import VlmError, VlmQuotaError, VlmRefusedError, VlmTroubleError
from safesweep.vlm.retries import persist

Answer = TypeVar("Answer")
OPTION = "diffusion.images_api"
"""The section of a configuration that errors name."""
MOST_BYTES = 64 * 1024 * 1024
"""Of a reply or a picture."""


class Drawn(NamedTuple):
    """What became of a prompt: a picture, a refusal with the service's reason, an error, or nothing, for it was not sent."""

    picture: Picture | None = None
    refusal: str | None = None
    error: str | None = None
    unsent: str | None = None
    """Why it was not sent: the prompt is left to do."""


class ImagesClient:
    """One service; everything that waits does so on an event loop of its own."""

    def __init__(self, settings: ImagesApiSettings, requests: int = 0, money: float = 0.0) -> None:
        """``requests``, ``money``: what of the budget is spent already. Raises ``InputError`` for a key that is not set."""
        self.settings, self.retries = settings, 0
        self._headers = request_headers(settings.api_key_env, OPTION)
        self._shown = shown_url(settings.url)
        limits = (settings.most_requests, settings.most_money, settings.price_a_picture, settings.requests_per_minute)
        self.budget = Budget(*limits, requests, money)
        self._slots = asyncio.Semaphore(settings.concurrency)
        self._timeout = aiohttp.ClientTimeout(total=settings.timeout_s)
        self._session: aiohttp.ClientSession | None = None
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="images-client", daemon=True).start()

    def draw(self, prompt: str, seed: int, width: int, height: int) -> "Future[Drawn]":
        """Sends a prompt; the future always gives what became of it, never an exception."""
        return asyncio.run_coroutine_threadsafe(self._draw(prompt, seed, width, height), self._loop)

    def close(self) -> None:
        """Ends its loop and its connections; nothing may be asked any more."""

        async def end() -> None:
            if self._session is not None:
                await self._session.close()

        asyncio.run_coroutine_threadsafe(end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)

    async def _draw(self, prompt: str, seed: int, width: int, height: int) -> Drawn:
        body = self._body(prompt, seed, width, height)
        async with self._slots:
            try:
                found = await self._persist(partial(self._ask, body))
                if isinstance(found, str):
                    # tried again apart from the request: the picture is made, and costs
                    found = await self._persist(partial(self._fetch, found))
                return Drawn(picture=found)
            except VlmRefusedError as error:
                return Drawn(refusal=str(error))
            except BudgetSpentError as error:
                return Drawn(unsent=str(error))
            except VlmQuotaError as error:
                self.budget.close(str(error))
                return Drawn(unsent=str(error))
            except Exception as error:  # whatever broke it ends its own trial: a future without a result would hold up its prompt for ever
                return Drawn(error=f"{type(error).__name__}: {error}")

    async def _persist(self, attempt: Callable[[], Awaitable[Answer]]) -> Answer:
        return await persist(attempt, self.settings.timeout_s, self.settings.tries, self._retried)

    def _retried(self) -> None:
        self.retries += 1

    def _body(self, prompt: str, seed: int, width: int, height: int) -> dict[str, Any]:
        settings = self.settings
        body = {"model": settings.model, "prompt": prompt, "n": 1, "size": f"{width}x{height}"}
        if settings.response_format is not None:
            body["response_format"] = settings.response_format
        if settings.seed_field is not None:
            body[settings.seed_field] = seed
        return {name: value for name, value in {**body, **settings.extra_body}.items() if value is not None}

    async def _ask(self, body: Mapping[str, Any]) -> Picture | str:
        """A picture, or the URL where it lies."""
        await self.budget.take()
        answered = False
        try:
            status, headers, data = await self._send("POST", f"{self.settings.url}/images/generations", json=body)
            given = read_images(status, headers, data.decode(errors="replace"), self._shown)
            answered = True
        finally:
            self.budget.ended(answered)
        return str(given.url) if given.data is None else _picture(given.data, self._shown)

    async def _fetch(self, address: str) -> Picture:
        """The picture at a URL; the key is not sent there, and no host is asked that its user has not named."""
        own = URL(self.settings.url)
        try:
            url = own.join(URL(address))
            here = (url.raw_host, url.port) == (own.raw_host, own.port)
        except ValueError as error:
            raise VlmError(f"{self._shown}: the picture's address is none: {without_secrets(str(error))}") from error
        named = [URL(f"//{host}") for host in self.settings.picture_hosts]
        allowed = here or any(one.raw_host == url.raw_host and one.explicit_port in (None, url.port) for one in named)
        if url.scheme not in ("http", "https") or not allowed:
            raise VlmError(
                f"{self._shown}: the picture lies at {url.raw_host}, which is none of picture_hosts; allowed: the service's own host, "
                f"{', '.join(self.settings.picture_hosts) or 'and those that picture_hosts names'}"
            )
        status, _, data = await self._send("GET", str(url), headers={})
        if status != 200:
            raise VlmTroubleError(f"{self._shown}: the picture's address gives status {status}")
        return _picture(data, self._shown)

    async def _send(self, method: str, url: str, **what: Any) -> tuple[int, Mapping[str, str], bytes]:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        what.setdefault("headers", self._headers)
        try:
            async with self._session.request(
                method, url, timeout=self._timeout, allow_redirects=False, **what
            ) as reply:
                data = await reply.content.read(MOST_BYTES + 1)
                while len(data) <= MOST_BYTES and (more := await reply.content.read(MOST_BYTES)):
                    data += more
                if len(data) > MOST_BYTES:
                    raise VlmError(f"{self._shown}: the reply is larger than {MOST_BYTES:,} bytes")
                return reply.status, reply.headers, data
        except TimeoutError:
            raise VlmTroubleError(f"{self._shown}: no answer within {self.settings.timeout_s:g} s") from None
        except aiohttp.ClientError as error:
            raise VlmTroubleError(f"{self._shown}: {type(error).__name__}: {without_secrets(str(error))}") from error


def _picture(data: bytes, where: str) -> Picture:
    try:
        return unpack_picture(data)
    except PictureError as error:
        raise VlmTroubleError(f"{where}: what it sent is no picture: {error}") from error
