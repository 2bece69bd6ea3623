"""A pool on Ray Serve's own LLM deployment: vLLM behind replicas that take a picture and a question and give the answer.

The replicas in front of it speak to the deployment itself, not over HTTP, and answer as those of any pool do.
"""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from ray import serve

from safesweep.types import Picture
from safesweep.vlm.backends.serve_llm import SERVED_AS, ServeLlmVlm
from safesweep.vlm.chat_request import check_status
from safesweep.vlm.errors import VlmTroubleError
from safesweep.vlm.reply import Reply

FRONTS = 4
"""Replicas that turn pictures into requests, at most; they use a CPU now and then and hold none."""


@serve.deployment
class LlmFront:
    """Puts questions to the LLM deployment that it is bound to."""

    def __init__(self, server: Any, pool: ServeLlmVlm) -> None:
        self._server = server.options(stream=True)
        self._requests = pool.requests(SERVED_AS)
        self._where = pool.described()

    async def ask(self, picture: Picture, question: str) -> Reply:
        """The answer, as an endpoint's is read. ``picture``: uint8 [H, W, 3] RGB. Raises a ``VlmError``."""
        from ray.serve.llm.openai_api_models import ChatCompletionRequest

        request = ChatCompletionRequest(**await self._requests.body(picture, question))
        async for response in self._server.chat.remote(request):
            return self._read(question, response)
        raise VlmTroubleError(f"{self._where}: no answer came")

    def _read(self, question: str, response: Any) -> Reply:
        told = json.loads(response.model_dump_json())
        error = told.get("error")
        if error:
            check_status(int(error.get("code") or 500), {}, str(error.get("message")), self._where)
        return self._requests.read(question, json.dumps(told), self._where)


@contextmanager
def _root_logger_kept() -> Iterator[None]:
    """``ray.serve.llm``, when it is imported, gives the root logger a handler of its own that writes JSON, and wants to hear everything."""
    root, speaker = logging.getLogger(), logging.getLogger("ray.llm")
    handlers, level = list(root.handlers), root.level
    speaker.setLevel(logging.WARNING)
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


def llm_application(pool: ServeLlmVlm, name: str) -> serve.Application:
    """The application, not yet run; its ingress deployment is called ``name`` and has ``ask``.

    Raises ``ValueError`` for settings that Ray refuses, ``ImportError`` without vLLM.
    """
    with _root_logger_kept():
        from ray.serve.llm import LLMConfig, build_llm_deployment

        labels = {"placement_group_bundle_label_selector": [pool.label_selector]} if pool.label_selector else None
        server = build_llm_deployment(LLMConfig(**pool.llm_config()), override_serve_options=labels)
    # a class's decorator tells mypy nothing of what it returns
    front = cast(serve.Deployment, LlmFront).options(
        name=name,
        num_replicas=min(FRONTS, pool.max_replicas or pool.replicas),
        max_ongoing_requests=pool.max_ongoing_requests * (pool.max_replicas or pool.replicas),
        max_queued_requests=pool.max_queued_requests,
        health_check_period_s=2,
        max_constructor_retry_count=1,
        graceful_shutdown_wait_loop_s=0.1,
        ray_actor_options={"num_cpus": 0},
    )
    return front.bind(server, pool)
