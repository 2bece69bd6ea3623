"""The VLM pool: a Ray Serve application that batches questions, and the client that a diffusion actor asks through."""

import asyncio
import logging
import random
import threading
import time
from concurrent.futures import Future
from typing import Any

from ray import serve
from ray.exceptions import RayError
from ray.serve.exceptions import BackPressureError, RayServeException

from actors.settings import VlmSettings
from guidance.trajectory import Picture

DEPLOYMENT = "VlmReplica"


@serve.deployment(name=DEPLOYMENT)
class VlmReplica:
    """One copy of the vision-language model."""

    def __init__(self, settings: VlmSettings) -> None:
        import torch

        from guidance.checkpoint import resolve
        from guidance.vlm import VisionLanguageModel

        if settings.threads:
            torch.set_num_threads(settings.threads)
        self._model = VisionLanguageModel.load(
            resolve(settings.model),
            settings.device,
            settings.dtype,
            settings.revision,
            settings.max_new_tokens,
            settings.picture_size,
        )
        self._batch.set_max_batch_size(settings.max_batch_size)
        self._batch.set_batch_wait_timeout_s(settings.batch_wait_s)

    @serve.batch(max_batch_size=16, batch_wait_timeout_s=0.01)
    async def _batch(self, pictures: list[Picture], questions: list[str]) -> list[str]:
        # in a thread, so that health checks and new questions are served while the model thinks
        return await asyncio.to_thread(self._model.answer, pictures, questions)

    async def ask(self, picture: Picture, question: str) -> str:
        """The raw answer. ``picture``: uint8 [H, W, 3] RGB."""
        return await self._batch(picture, question)


def deploy(settings: VlmSettings) -> None:
    """Starts the pool and waits until every replica runs. Remove it with ``delete``: an application outlives its job."""
    replicas = VlmReplica.options(
        num_replicas=settings.replicas,
        max_ongoing_requests=settings.max_ongoing_requests,
        max_queued_requests=settings.max_queued_requests,
        health_check_period_s=2,
        # replicas that held CPUs could starve the data pipeline's reads and writes for ever
        ray_actor_options={"num_cpus": 0, "num_gpus": settings.num_gpus},
    )
    logging.getLogger("ray.serve").setLevel(logging.WARNING)
    serve.start(proxy_location="Disabled")
    serve.run(replicas.bind(settings), name=settings.app, route_prefix=None)


def delete(settings: VlmSettings) -> None:
    """Removes the pool."""
    serve.delete(settings.app)


class VlmGaveUpError(RuntimeError):
    """No answer came in any attempt; the message holds the last attempt's error."""


class VlmClient:
    """Asks the pool from any thread; retries, deadlines and cancelling run on an event loop of its own."""

    def __init__(self, app: str, timeout_s: float, tries: int, handle: Any = None) -> None:
        self._handle = handle or serve.get_deployment_handle(DEPLOYMENT, app)
        self._timeout, self._tries = timeout_s, tries
        self.retries = 0
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="vlm-client", daemon=True).start()

    def ask(self, picture: Picture, question: str) -> "Future[str]":
        """Sends the question; the future gives the answer or raises ``VlmGaveUpError``."""
        return asyncio.run_coroutine_threadsafe(self._ask(picture, question), self._loop)

    async def _ask(self, picture: Picture, question: str) -> str:
        deadline = time.monotonic() + self._timeout * self._tries
        attempt = 0
        while True:
            response = self._handle.ask.remote(picture, question)
            try:
                return await asyncio.wait_for(_awaited(response), self._timeout)
            except (RayError, RayServeException, TimeoutError) as error:
                response.cancel()  # giving up waiting does not free the replica
                # a refusal for a full queue costs the pool nothing: it is bounded by time instead of tries
                refused = isinstance(error, BackPressureError)
                attempt += 0 if refused else 1
                if attempt >= self._tries or (refused and time.monotonic() > deadline):
                    reason = str(error).strip().splitlines()
                    last = reason[-1] if reason else f"no answer within {self._timeout:g} s"
                    raise VlmGaveUpError(f"{attempt} attempts, the last: {type(error).__name__}: {last}") from error
                self.retries += 1
                await asyncio.sleep(min(5.0, 0.1 * 2**attempt) * random.uniform(0.5, 1.5))


async def _awaited(response: Any) -> str:
    return str(await response)
