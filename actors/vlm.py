"""The VLM: replicas on Ray Serve that batch questions, or an endpoint of somebody else's; and the client for either."""

import asyncio
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from ray import serve

from actors.serve_source import ServeSource
from safesweep.types import Picture
from safesweep.vlm.client import Source, VlmClient
from safesweep.vlm.examples import Example, read_picture
from safesweep.vlm.settings import VlmSettings

DEPLOYMENT = "VlmReplica"


@serve.deployment(name=DEPLOYMENT)
class VlmReplica:
    """One copy of the vision-language model."""

    def __init__(self, settings: VlmSettings) -> None:
        import torch

        from safesweep.models.checkpoint import model_folder
        from safesweep.vlm import VisionLanguageModel
        from safesweep.vlm.ranked import RankedAnswers

        if settings.threads:
            torch.set_num_threads(settings.threads)
        model = VisionLanguageModel.load(
            str(model_folder(settings.model, settings.revision).path),
            settings.device,
            settings.dtype,
            settings.revision,
            settings.max_new_tokens,
            settings.picture_size,
            load_examples(settings),
            settings.reuse_prefix,
            settings.processor_options,
        )
        self._ranked = RankedAnswers(model, settings.vocabularies) if settings.mode == "score" else None
        self._model = self._ranked or model
        self._batch.set_max_batch_size(settings.max_batch_size)
        self._batch.set_batch_wait_timeout_s(settings.batch_wait_s)

    @serve.batch(max_batch_size=16, batch_wait_timeout_s=0.01)
    async def _batch(self, pictures: list[Picture], questions: list[str]) -> list[str]:
        # in a thread, so that health checks and new questions are served while the model thinks
        return await asyncio.to_thread(self._model.answer, pictures, questions)

    async def ask(self, picture: Picture, question: str) -> str:
        """The raw answer. ``picture``: uint8 [H, W, 3] RGB."""
        if self._ranked is not None:
            self._ranked.check(question)  # here, so that it fails alone and not with its batch
        return await self._batch(picture, question)


def load_examples(settings: VlmSettings) -> tuple[Example, ...]:
    """The few-shot examples with their pictures. Raises ``InputError`` for a file that cannot be read."""
    return tuple(Example(read_picture(one.picture), one.answer, one.question) for one in settings.examples)


def deploy(settings: VlmSettings) -> None:
    """Starts the pool and waits until every replica runs. Remove it with ``delete``: an application outlives its job.

    An endpoint is there already: nothing is started.
    """
    if settings.backend == "openai":
        return
    replicas = VlmReplica.options(
        num_replicas=settings.replicas,
        max_ongoing_requests=settings.max_ongoing_requests,
        max_queued_requests=settings.max_queued_requests,
        health_check_period_s=2,
        # the pool goes when nobody asks any more
        graceful_shutdown_wait_loop_s=0.1,
        # replicas that held CPUs could starve the data pipeline's reads and writes for ever
        ray_actor_options={
            "num_cpus": 0,
            "num_gpus": settings.num_gpus,
            "label_selector": settings.label_selector,
        },
    )
    logging.getLogger("ray.serve").setLevel(logging.WARNING)
    serve.start(proxy_location="Disabled")
    serve.run(replicas.bind(settings), name=settings.app, route_prefix=None)


def delete(settings: VlmSettings) -> None:
    """Removes the pool."""
    if settings.backend != "openai":
        serve.delete(settings.app)


@contextmanager
def pools(wanted: Iterable[VlmSettings]) -> Iterator[None]:
    """The pools of all ``wanted``, each once; removed at the end, however it comes."""
    started: list[VlmSettings] = []
    try:
        for settings in wanted:
            if settings not in started:
                started.append(settings)
                deploy(settings)
        yield
    finally:
        for settings in started:
            delete(settings)


def make_client(settings: VlmSettings) -> VlmClient:
    """The client for the pool that ``deploy`` started, or for the endpoint."""
    return VlmClient(make_source(settings), settings.timeout_s, settings.tries, settings.on_refusal)


def make_source(settings: VlmSettings) -> Source:
    """What answers. Raises ``InputError`` for an example that cannot be read or a key that is not set."""
    if settings.backend == "transformers":
        return ServeSource(serve.get_deployment_handle(DEPLOYMENT, settings.app), settings.timeout_s)
    from safesweep.vlm.endpoint import Endpoint

    assert settings.url is not None
    return Endpoint(
        settings.url,
        settings.model,
        timeout_s=settings.timeout_s,
        max_new_tokens=settings.max_new_tokens,
        picture_size=settings.picture_size,
        examples=load_examples(settings),
        api_key_env=settings.api_key_env,
        connections=settings.max_ongoing_requests,
    )
