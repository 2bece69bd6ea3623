"""Pools of VLM replicas on Ray Serve that batch questions, and the client for whoever answers."""

import asyncio
import logging
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, cast

from ray import serve
from ray.exceptions import ActorAlreadyExistsError

from actors.notices import listen
from actors.serve_source import ServeSource
from safesweep.errors import InputError
from safesweep.types import Picture
from safesweep.vlm.backends.serve_llm import ServeLlmVlm
from safesweep.vlm.base import PooledVlm, ServedVlm, VlmSettings
from safesweep.vlm.client import VlmClient
from safesweep.vlm.preflight import Interview, interview

DEPLOYMENT = "VlmReplica"
SERVE_STARTS = 30
"""Times that Serve is looked for, a second apart, while another job is starting it."""
POOL_STARTS = 3
"""Times that a pool is started whose replica's process, or its node, died before its model was loaded."""
DIED = re.compile(r"\b(ActorDiedError|ActorUnavailableError|NodeDiedError|WorkerCrashedError)\b")
ERROR = re.compile(r"\s*[\w.]*(?:Error|Exception)\b(?:.*:|\(.*\)$)")
"""How the last line of a traceback begins, or an error's name alone."""


BATCHED: Callable[..., Any] = serve.batch(max_batch_size=16, batch_wait_timeout_s=0.01)
"""Typed by hand: Ray's types know batches of one argument only, and not what sets their size."""


@serve.deployment(name=DEPLOYMENT)
class VlmReplica:
    """One copy of the vision-language model."""

    def __init__(self, pool: PooledVlm, scope: str = "") -> None:
        listen("vlm", scope)
        self._model = pool.load()
        self._batch.set_max_batch_size(pool.max_batch_size)
        self._batch.set_batch_wait_timeout_s(pool.batch_wait_s)

    @BATCHED
    async def _batch(self, pictures: list[Picture], questions: list[str]) -> list[str]:
        # in a thread, so that health checks and new questions are served while the model thinks
        return await asyncio.to_thread(self._model.answer, pictures, questions)

    async def ask(self, picture: Picture, question: str) -> str:
        """The raw answer. ``picture``: uint8 [H, W, 3] RGB."""
        self._model.check(question)  # here, so that it fails alone and not with its batch
        answer: str = await self._batch(picture, question)
        return answer


def scope_of(run_id: str, holder: str) -> str:
    """What the names of all that one start of a run creates on a cluster end in."""
    return f"{run_id}-{holder}"


def application(pool: ServedVlm, scope: str) -> str:
    """Name of the Serve application that one start of one run has for ``pool``: two on a cluster never share one."""
    return f"{pool.app}-{scope}"


def start_serve() -> None:
    """Starts Ray Serve on the cluster, or joins it where it runs, or where another job has started it at this very moment.

    Raises ``ActorAlreadyExistsError`` when it is there again and again without being found.
    """
    for _ in range(SERVE_STARTS - 1):
        try:
            serve.start(proxy_location="Disabled")
            return
        except ActorAlreadyExistsError:  # both looked for Serve before either had made it
            time.sleep(1)
    serve.start(proxy_location="Disabled")


def deploy(pool: ServedVlm, scope: str) -> None:
    """Starts the pool and waits until every replica runs. Remove it with ``delete``: an application outlives its job."""
    logging.getLogger("ray.serve").setLevel(logging.WARNING)
    start_serve()
    app = application(pool, scope)
    for left in reversed(range(POOL_STARTS)):
        try:
            with _under_way(app):
                serve.run(_bound(pool, scope), name=app, route_prefix=None)
            return
        except (ImportError, ValueError) as error:  # of ray.serve.llm: settings that it refuses, vLLM that is broken
            raise InputError(f"VLM {pool.described()} cannot be started: {_first_line(error)}") from error
        except RuntimeError as error:
            cause = _cause(app) or str(error)
            if not left or not DIED.search(cause):
                raise InputError(f"VLM {pool.described()} cannot be started: {cause}") from error
            serve.delete(app)


def _bound(pool: ServedVlm, scope: str) -> serve.Application:
    if isinstance(pool, ServeLlmVlm):
        from actors.llm_pool import llm_application

        return llm_application(pool, DEPLOYMENT)
    # a class's decorator tells mypy nothing of what it returns
    replicas = cast(serve.Deployment, VlmReplica).options(
        **pool.scaling(),
        max_ongoing_requests=pool.max_ongoing_requests,
        max_queued_requests=pool.max_queued_requests,
        health_check_period_s=2,
        max_constructor_retry_count=1,  # what keeps a model from being loaded keeps it from being loaded again
        # the pool goes when nobody asks any more
        graceful_shutdown_wait_loop_s=0.1,
        # replicas that held CPUs could starve the data pipeline's reads and writes for ever
        ray_actor_options={
            "num_cpus": 0,
            "num_gpus": pool.num_gpus,
            "label_selector": pool.label_selector,
        },
    )
    return replicas.bind(pool, scope)


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0] if lines else 'no reason given'}"


_starting: set[str] = set()
"""Applications that this process waits for just now."""


@contextmanager
def _under_way(app: str) -> Iterator[None]:
    _starting.add(app)
    try:
        yield
    finally:
        _starting.discard(app)


def stop_starting(scope: str) -> None:
    """Removes the applications of ``scope`` that another thread waits for in ``deploy``, which then fails at once."""
    for app in [app for app in tuple(_starting) if app.endswith(f"-{scope}")]:
        serve.delete(app)


def _cause(app: str) -> str | None:
    """The replica's own error, the last line of its traceback in what Serve says of the deployment; Serve's exception has none of it."""
    status = serve.status().applications.get(app)
    messages = [deployment.message for deployment in status.deployments.values()] if status else []
    lines = [line.strip() for message in messages for line in message.splitlines() if ERROR.match(line)]
    return lines[-1] if lines else None


def interview_pools(asked: Iterable[Interview], scope: str) -> None:
    """Asks every pool's VLM each of its questions about a plain picture, once. Raises ``InputError`` for an answer of no use."""
    for one in asked:
        if one.vlm.pool is not None:
            client = make_client(one.vlm, scope)
            try:
                interview(one, client)
            finally:
                client.close()


def delete(pool: ServedVlm, scope: str) -> None:
    """Removes the pool."""
    serve.delete(application(pool, scope))


def sweep_up(scopes: Iterable[str]) -> None:
    """Removes what starts that were killed have left on the cluster, known by their ``scopes``."""
    dead = tuple(f"-{scope}" for scope in scopes)
    for name in [name for name in serve.status().applications if name.endswith(dead)] if dead else []:
        serve.delete(name)


@contextmanager
def pools(wanted: Iterable[VlmSettings], scope: str) -> Iterator[None]:
    """The pools that ``wanted`` need, each once; removed at the end, however it comes.

    ``scope`` names one start of one run, and stands in the names of its applications: nothing else of the cluster is touched.
    """
    started: list[ServedVlm] = []
    try:
        for settings in wanted:
            if (pool := settings.pool) is not None and pool not in started:
                started.append(pool)
                deploy(pool, scope)
        yield
    finally:
        for pool in started:
            delete(pool, scope)


def make_client(settings: VlmSettings, scope: str = "") -> VlmClient:
    """The client for the pool that ``deploy`` starts under ``scope``, not yet perhaps, or for what the backend reaches by itself.

    Raises ``InputError`` for a key or a file that is missing.
    """
    return VlmClient(
        settings.source(partial(_served, scope=scope)), settings.timeout_s, settings.tries, settings.on_refusal
    )


def _served(pool: ServedVlm, scope: str) -> ServeSource:
    return ServeSource(partial(serve.get_deployment_handle, DEPLOYMENT, application(pool, scope)), pool.timeout_s)
