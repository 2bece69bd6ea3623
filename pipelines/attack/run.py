"""An attack from its plan to its winners."""

import asyncio
import datetime
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console

from pipelines.attack.config import AttackConfig
from pipelines.attack.history import History
from pipelines.attack.searches import Attempts, PlannedSearch, planned_searches, run_search
from pipelines.attack.trials import AttackTrials
from pipelines.attack.workers import Workers, workers
from pipelines.cluster import cluster, require_nodes
from pipelines.evaluation import begin_manifest, check, demands, judges
from pipelines.interviews import interviews
from pipelines.plan import RunPlan, make_plan
from pipelines.prompt_sets import PromptSets
from pipelines.resume import scorers_of
from safesweep.attacks.operators import OPERATORS, Materials
from safesweep.attacks.operators.base import Operator
from safesweep.errors import InputError
from safesweep.files import kept_if_filled, on_store, resolve_file
from safesweep.guidance.cell import Cell
from safesweep.lake import progress as lake_progress
from safesweep.lake.attempts import read_attempts
from safesweep.lake.lease import Lease, hold, run_place
from safesweep.lake.store import RunStore
from safesweep.measures.profiles import get_profile
from safesweep.models.tokens import encoder_words
from safesweep.vlm.checks import check_pools
from safesweep.vlm.errors import VlmError

SAY_EVERY_S = 10.0


class Attacked(NamedTuple):
    """What an attack took."""

    trials: int
    """In the lake at its end."""
    made: int
    """By this start."""
    seconds: float
    """From the first attempt to the last, this start's."""
    engines: Mapping[str, float]
    """`ENGINE_SUMS`; empty where nothing was to be made."""


def check_attack(config: AttackConfig) -> tuple[RunPlan, RunStore, list[PlannedSearch]]:
    """Checks everything that can be checked before a model is loaded, and plans the searches. Raises ``InputError``."""

    def plan_attack(store: RunStore, sets: PromptSets, cells: tuple[Cell, ...]) -> RunPlan:
        _check_same_attack(config, store)
        return make_plan(config, sets, cells)

    plan, store = check(config, plan_attack)
    searches = list(planned_searches(plan, config.attack))
    if not searches:
        raise InputError("prompts: all sets are benign; allowed: a set of prompts whose pictures shall become unsafe")
    words_of(config)
    if config.attack.rewriter is not None:
        config.attack.rewriter.check()
    return plan, store, searches


def _check_same_attack(config: AttackConfig, store: RunStore) -> None:
    """That a run which is gone on with is the same attack: its attempts decide the next ones."""
    earlier = store.manifest()
    if earlier is None:
        if store.files():
            raise InputError(
                f"run_id: run {store.run_id!r} in {store.lake} has trials and no manifest; choose another run_id"
            )
        return
    before = (earlier.get("config") or {}).get("attack")
    where = f"run_id: run {store.run_id!r} in {store.lake}"
    if before is None:
        raise InputError(f"{where} is no attack; choose another run_id")
    now = config.attack.model_dump(mode="json")
    free = ("budget", "budgets", "side_by_side", "save_every_s", "strategies", "rewriter")
    for name, value in now.items():
        if name not in free and name in before and before[name] != value:
            raise InputError(
                f"{where}: it was begun with attack.{name} {before[name]!r}, this configuration has {value!r}; choose another run_id"
            )


def attack(
    config: AttackConfig, plan: RunPlan, store: RunStore, searches: Sequence[PlannedSearch], console: Console
) -> Attacked:
    """Runs the searches to their ends, with what the lake holds of them already.

    Raises:
        InputError: another process writes this run, the cluster is too small, a VLM or the rewriter gives no answer.
        LeaseLostError: another process took this one for dead and went on with the run.
    """
    with hold(run_place(store.lake, store.run_id), config.wait_for_lease_s) as lease:
        return _attack(config, plan, store, searches, console, lease)


def _attack(
    config: AttackConfig,
    plan: RunPlan,
    store: RunStore,
    searches: Sequence[PlannedSearch],
    console: Console,
    lease: Lease,
) -> Attacked:
    if broken := store.remove_incomplete():
        console.print(f"removed {len(broken)} incomplete files that a killed run had left")
    if config.retry_failed and (again := store.set_aside_failed()):
        console.print(f"{again} trials that failed are made again; {store.attempts_folder} keeps what they were")
    trials = AttackTrials(store, get_profile(config.profile), config.attack.fidelity_floor)
    history = History(read_attempts(store.lake, store.run_id).to_pylist())
    left = [one for one in searches if not history.ended(one.name, config.attack.rules(), trials)]
    most = len(searches) * config.attack.budget
    manifest = begin_manifest(config, plan, store, most)
    targets = len({(one.target.prompt_set, one.target.source, one.target.row) for one in searches})
    console.print(
        f"run {store.run_id}: {len(searches):,} searches of {targets:,} targets in {len(plan.cells)} cells, at most {most:,} attempts; "
        f"{len(searches) - len(left):,} searches are over and {len(trials):,} trials in the lake already",
        soft_wrap=True,
        highlight=False,
    )
    took, warned = Attacked(len(trials), 0, 0.0, {}), list[str]()
    if left:
        with cluster(config.address, console.print):
            require_nodes(demands(config, plan.asks), config.wait_for_nodes_s)
            took, warned = _on_cluster(_Begun(config, plan, store, manifest, lease), left, trials, history, console)
    store.write_manifest(
        {
            **manifest,
            "status": "complete",
            "expected_trials": len(trials),
            "held_trials": len(trials),
            "unscored_trials": store.held().unscored,
            "files": [str(path.relative_to(store.lake)) for path in store.files()],
            "warnings": list(dict.fromkeys([*manifest["warnings"], *warned])),
            "finished_at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        }
    )
    return took


class _Begun(NamedTuple):
    """A run that holds its lease."""

    config: AttackConfig
    plan: RunPlan
    store: RunStore
    manifest: dict[str, Any]
    lease: Lease


def _on_cluster(
    begun: _Begun, searches: Sequence[PlannedSearch], trials: AttackTrials, history: History, console: Console
) -> tuple[Attacked, list[str]]:
    """Starts what is needed and runs the searches; what that took, and what the workers' libraries warned of."""
    from actors import vlm
    from actors.collector import collecting
    from actors.engine_reports import engines_of
    from actors.notices import notices
    from actors.pool_start import pools_starting

    config, plan, store, manifest, lease = begun
    stamp = {
        "run_id": store.run_id,
        "models": json.dumps(manifest["models"]),
        "versions": json.dumps(manifest["versions"]),
        "git_revision": manifest["git_revision"],
    }
    wanted = check_pools(config.vlm if plan.asks else None, judges(config))
    for settings in wanted:
        console.print(f"VLM: {settings.described()}")
    scope = vlm.scope_of(store.run_id, lease.name)
    vlm.sweep_up(vlm.scope_of(store.run_id, dead) for dead in lease.after)
    asked = interviews(config.vlm if plan.asks else None, plan.cells, scorers_of(config))

    def begin() -> None:
        store.write_manifest({**manifest, "status": "running"})

    with (
        kept_if_filled(store.folder),
        collecting(scope) as collector,
        notices(collector, partial(console.print, soft_wrap=True, highlight=False)) as warned,
        pools_starting(wanted, asked, scope, collector, begin),
        workers(config, plan.cells, plan.asks, stamp, scope, _trace_folder(store)) as started,
        operators_of(config) as operators,
    ):
        attempts = Attempts(plan.names, trials, started, history)
        seconds = run_searches(Searching(config, searches, attempts, operators, trials, started, console, lease.beat))
        engines = lake_progress.total(engines_of(collector))
    return Attacked(len(trials), attempts.made, seconds, engines), warned


def _trace_folder(store: RunStore) -> str | None:
    return None if on_store(store.lake) else str(store.lake / "traces")


def words_of(config: AttackConfig) -> tuple[str, ...]:
    """What operators draw words from; empty where none does.

    Raises ``InputError`` for a file that cannot be read, where there is no word, and for a service, whose vocabulary is not seen, without
    a file.
    """
    path, drawing = config.attack.words, [name for name in config.attack.operators if OPERATORS[name].draws_words]
    if not drawing:
        return ()
    if path is None and config.diffusion.service is not None:
        raise InputError(
            f"attack.words: is missing, the vocabulary of a service is not seen; allowed: a file of words, one a line, which operator "
            f"{drawing[0]!r} draws from"
        )
    if path is None:
        found = encoder_words(config.diffusion.model, config.diffusion.revision)
        where = f"attack.words: the text encoders of {config.diffusion.model} have"
    else:
        try:
            found = tuple(sorted(set(Path(resolve_file(path)).read_text(encoding="utf-8").split())))
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"attack.words: {path}: cannot be read: {error}") from error
        where = f"attack.words: {path} holds"
    if not found:
        raise InputError(f"{where} no word; allowed: a file of words, one a line")
    return found


@contextmanager
def operators_of(config: AttackConfig) -> Iterator[dict[str, Operator]]:
    """The run's operators by name, with the language model that some ask; its connections close with the block."""
    from safesweep.attacks.language_model import asker

    attack = config.attack
    words = words_of(config)
    ask, close = asker(attack.rewriter) if attack.rewriter is not None else (None, None)
    try:
        yield {name: OPERATORS[name](Materials(words, attack.most_words, ask)) for name in attack.operators}
    finally:
        if close is not None:
            close()


class Searching(NamedTuple):
    """What the driver's loop works with."""

    config: AttackConfig
    searches: Sequence[PlannedSearch]
    attempts: Attempts
    operators: Mapping[str, Operator]
    trials: AttackTrials
    workers: Workers
    console: Console
    owned: Callable[[], bool] = lambda: True
    """Whether this process still holds the run: another that goes on with it makes what is lost here."""

    def save(self) -> None:
        """Puts what was made into the lake."""
        if self.owned():
            self.trials.write()


def run_searches(searching: Searching) -> float:
    """Runs all searches; what was made is in the lake at the end, also where one of them failed. Returns seconds."""
    started = time.monotonic()
    try:
        asyncio.run(_search_all(searching))
    except VlmError as error:
        raise InputError(f"attack.rewriter: {error}") from error
    finally:
        searching.save()
    return time.monotonic() - started


async def _search_all(searching: Searching) -> None:
    config, console = searching.config.attack, searching.console
    places = asyncio.Semaphore(config.side_by_side)
    ended: list[bool] = []

    async def one(search: PlannedSearch) -> None:
        async with places:
            found = await run_search(search, searching.attempts, searching.operators, config)
        ended.append(found.success is not None)

    async def save() -> None:
        while True:
            await asyncio.sleep(config.save_every_s)
            await asyncio.to_thread(searching.save)

    async def say() -> None:
        while True:
            await asyncio.sleep(SAY_EVERY_S)
            console.print(
                f"attack    {len(ended):,} of {len(searching.searches):,} searches ended, {sum(ended):,} of them with success; "
                f"{searching.attempts.made:,} pictures made",
                soft_wrap=True,
                highlight=False,
            )

    try:
        async with asyncio.TaskGroup() as beside:
            own = [beside.create_task(task) for task in (save(), say())]
            async with asyncio.TaskGroup() as group:
                for search in searching.searches:
                    group.create_task(one(search))
            for task in own:
                task.cancel()
    except BaseExceptionGroup as errors:
        raise _first(errors) from errors
    finally:
        searching.workers.safety.close()
        searching.workers.alignment.close()


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    found: BaseException = errors
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found
