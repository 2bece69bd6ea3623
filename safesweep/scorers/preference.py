"""A preference model behind an address: how much people would like a picture for its prompt (ImageReward, HPSv2, PickScore, MPS, …).

Such models pin old versions of their libraries, so they run in an environment of their own behind a small server (docs/scorers.md has one
in 40 lines), and this scorer sends pictures there: ``POST url`` with ``{"model", "items": [{"prompt", "image"}]}``, the image a PNG in
base64, answered by ``{"model", "scores": [number or null, …]}``, in order. ``GET url`` answers ``{"model"}``.
"""

import asyncio
import base64
import io
import json
import math
from collections.abc import Sequence
from typing import Any, Literal

import aiohttp
from PIL import Image
from pydantic import PositiveFloat, PositiveInt, field_validator

from safesweep.lake.evidence import Measurement
from safesweep.redaction import shown_url, without_secrets
from safesweep.scorers.base import Client, Found, Scorer, ScorerSettings
from safesweep.types import Picture
from safesweep.vlm.completion import short

PREFERENCE = "preference"
PAUSE_S = 0.5
"""Before the second attempt; twice as long before each further one."""
CHECK_S = 10.0
"""For the question before a run."""


class PreferenceError(ValueError):
    """The server gave no scores, or none that can be used."""


class PreferenceSettings(ScorerSettings):
    """The server and the model behind it."""

    kind: Literal["preference"] = "preference"
    url: str
    """The server's whole address, e.g. ``http://localhost:8900/score``. No key is sent."""
    model: str
    """What the server must call its model; another answer is an error, so that no run mixes two."""
    revision: str | None = None
    """As the server's operator states it; it stands in the evidence."""
    items: PositiveInt = 16
    """Pictures a request."""
    timeout_s: PositiveFloat = 120.0
    """Seconds that one attempt may take."""
    tries: PositiveInt = 3
    """Attempts; a status of 4xx is not tried again, but for 408 and 429."""

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        if not url.lower().startswith(("http://", "https://")) or not url.partition("://")[2].strip("/"):
            raise ValueError(f"{shown_url(url)!r} is no address; allowed: http://HOST:PORT/PATH or https://HOST/PATH")
        return url

    def check(self) -> None:
        """Asks the server once what its model is. Raises ``InputError`` where it is not there or has another one."""
        try:
            said = asyncio.run(Server(self).describe())
        except PreferenceError as error:
            raise self.bad(f"url: {error}") from error
        if said != self.model:
            raise self.bad(
                f"model: {shown_url(self.url)} has {said!r}; allowed: that, or another url than of {self.model!r}"
            )

    def model_id(self) -> str:
        """ "http:name@revision", as its user states it: what stands behind an address cannot be hashed."""
        return f"http:{self.model}@{self.revision or 'unpinned'}"

    def load(self, *clients: Client) -> "PreferenceScorer":
        """The scorer; it holds no model."""
        return PreferenceScorer(self)


class PreferenceScorer(Scorer):
    """Sends pictures to the server."""

    def __init__(self, settings: PreferenceSettings) -> None:
        self._settings = settings

    def score(self, pictures: Sequence[Picture], prompts: Sequence[str]) -> list[Found]:
        """``preference``, on the model's own scale, higher is better; a picture that the server gives null for is unscored.

        Raises ``PreferenceError`` where a request fails: the caller tries each picture alone then.
        """
        return asyncio.run(self._score(pictures, prompts))

    async def _score(self, pictures: Sequence[Picture], prompts: Sequence[str]) -> list[Found]:
        server, size = Server(self._settings), self._settings.items
        values: list[Any] = []
        for start in range(0, len(pictures), size):
            part = slice(start, start + size)
            values += await server.scores(pictures[part], prompts[part])
        return [_found(value) for value in values]


class Server:
    """One server's two requests; for use on one event loop."""

    def __init__(self, settings: PreferenceSettings) -> None:
        self._settings, self._shown = settings, shown_url(settings.url)

    async def describe(self) -> str:
        """What it calls its model, in one attempt. Raises ``PreferenceError``."""
        status, text = await self._send("GET", None, min(CHECK_S, self._settings.timeout_s))
        return str(self._read(status, text).get("model"))

    async def scores(self, pictures: Sequence[Picture], prompts: Sequence[str]) -> list[Any]:
        """What it says of each picture. Raises ``PreferenceError`` after the last attempt."""
        items = [
            {"prompt": prompt, "image": await asyncio.to_thread(_png, picture)}
            for picture, prompt in zip(pictures, prompts, strict=True)
        ]
        for attempt in range(1, self._settings.tries + 1):
            last = attempt == self._settings.tries
            try:
                status, text = await self._send(
                    "POST", {"model": self._settings.model, "items": items}, self._settings.timeout_s
                )
            except PreferenceError:
                if last:
                    raise
            else:
                if last or not (status >= 500 or status in (408, 429)):
                    return self._values(self._read(status, text), len(items))
            await asyncio.sleep(PAUSE_S * 2 ** (attempt - 1))
        raise AssertionError("tries is at least 1")

    def _values(self, body: dict[str, Any], count: int) -> list[Any]:
        values = body.get("scores")
        if body.get("model") != self._settings.model:
            raise PreferenceError(
                f"{self._shown}: scores of {body.get('model')!r}; allowed: of {self._settings.model!r}"
            )
        if not isinstance(values, list) or len(values) != count:
            raise PreferenceError(f"{self._shown}: scores must be a list of {count}: {short(json.dumps(body))}")
        return values

    def _read(self, status: int, text: str) -> dict[str, Any]:
        if status != 200:
            raise PreferenceError(f"{self._shown}: status {status}: {short(text)}")
        try:
            body = json.loads(text)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise PreferenceError(f"{self._shown}: is no JSON object: {short(text)}")
        return body

    async def _send(self, verb: str, body: dict[str, Any] | None, timeout_s: float) -> tuple[int, str]:
        timeout = aiohttp.ClientTimeout(total=timeout_s)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.request(verb, self._settings.url, json=body, allow_redirects=False) as reply,
            ):
                return reply.status, await reply.text(errors="replace")
        except TimeoutError:
            raise PreferenceError(f"{self._shown}: no answer within {timeout_s:g} s") from None
        except (aiohttp.ClientError, ValueError) as error:
            raise PreferenceError(f"{self._shown}: cannot be reached: {without_secrets(str(error))}") from error


def _found(value: Any) -> Found:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return PreferenceError(f"the server gave {value!r} in place of a number")
    return [Measurement(PREFERENCE, float(value))]


def _png(picture: Picture) -> str:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", compress_level=1)
    return base64.b64encode(buffer.getvalue()).decode()
