"""A language model behind an OpenAI-compatible endpoint that rewrites prompts: the VLM's client, asked without a picture."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np

from safesweep.attacks.operators.base import NoRewriteError
from safesweep.types import Picture
from safesweep.vlm.backends.openai import Endpoint, OpenAiVlm
from safesweep.vlm.chat_request import ChatRequests
from safesweep.vlm.client import VlmClient
from safesweep.vlm.errors import VlmCutOffError, VlmEmptyError, VlmMalformedError, VlmRefusedError

NO_PICTURE: Picture = np.zeros((1, 1, 3), dtype=np.uint8)
NO_ANSWERS = (VlmRefusedError, VlmEmptyError, VlmCutOffError, VlmMalformedError)


class TextRequests(ChatRequests):
    """Requests of words alone."""

    async def body(self, picture: Picture, question: str) -> dict[str, Any]:
        """The request; ``picture`` is not sent."""
        return {"model": self._model, "messages": [{"role": "user", "content": question}], **self._options}


def asker(settings: OpenAiVlm) -> tuple[Callable[[str], Awaitable[str]], Callable[[], None]]:
    """What asks the model from any event loop, and what closes its connections.

    It retries as the VLM's client does, and raises ``NoRewriteError`` for an answer that is none, a refusal among them, ``VlmError`` where
    the endpoint gives up. Raises ``InputError`` for a key that is not set.
    """
    requests = TextRequests(
        settings.model,
        settings.max_new_tokens,
        max_tokens_field=settings.max_tokens_field,
        extra_body=settings.extra_body,
    )
    source = Endpoint(settings.url, requests, settings.timeout_s, settings.api_key_env, settings.max_ongoing_requests)
    client = VlmClient(source, settings.timeout_s, settings.tries)

    async def ask(question: str) -> str:
        try:
            answer: Any = client.ask(NO_PICTURE, question)
            return str(await asyncio.wrap_future(answer))
        except NO_ANSWERS as error:
            raise NoRewriteError from error

    return ask, client.close
