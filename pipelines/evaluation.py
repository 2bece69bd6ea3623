"""The main pipeline: prompts → diffusion actors ⇄ VLM pool → safety actors → alignment actors → lake."""

import datetime
import json
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any

from rich.console import Console

from actors.settings import StageSettings
from pipelines.cluster import Demand, cluster, require_nodes
from pipelines.cluster_address import named_cluster
from pipelines.config import RunConfig
from pipelines.interviews import interviews
from pipelines.model_checks import checking_model
from pipelines.part_names import PartNames
from pipelines.plan import RunPlan, make_plan
from pipelines.progress import watch
from pipelines.prompt_sets import read_prompt_sets
from pipelines.provenance import git_revision, library_versions, model_digests
from pipelines.resume import check_reach, check_resume, scorers_of
from safesweep.endpoint.check import check_cells
from safesweep.errors import InputError
from safesweep.files import kept_if_filled, on_store
from safesweep.guidance.cell import Cell
from safesweep.lake.full_disk import SAID
from safesweep.lake.lease import Lease, hold, run_place
from safesweep.lake.parquet_files import arrow_file_system
from safesweep.lake.schema import SCHEMA
from safesweep.lake.store import RunStore
from safesweep.lake.trial_ids import TrialIds
from safesweep.lake.unique import check_unique
from safesweep.measures.profiles import get_profile
from safesweep.measures.trials import count_unjudged
from safesweep.models.probe import EVERY
from safesweep.vlm.base import VlmSettings
from safesweep.vlm.checks import check_pools
from safesweep.vlm.preflight import interview_direct

WRITE_CPUS = 0.25
WRITERS = 4
"""Files that are written at a time, at least; as many as there are diffusion actors where these are more."""


@dataclass(frozen=True)
class RunResult:
    """How a run ended."""

    store: RunStore
    expected: int
    held: int
    """Trials in the lake."""
    unscored: int
    """Trials that could not be made."""
    seconds: float
    unjudged: int = 0
    """Trials that were made and that the run's profile cannot judge."""
    engines: Mapping[str, float] = field(default_factory=dict)
    """What this start's engines did, as `ENGINE_SUMS` names it; empty where none was started."""
    refused: int = 0
    """Trials that a service under test refused to draw: they are done."""

    @property
    def missing(self) -> int:
        """Trials that the run expected and the lake has not."""
        return self.expected - self.held

    @property
    def unscored_share(self) -> float:
        """Share of expected trials that are missing, could not be made, or cannot be judged by the run's profile."""
        return (self.unscored + self.unjudged + self.missing) / self.expected if self.expected else 0.0


def check_choices(config: RunConfig) -> tuple[Cell, ...]:
    """The grid's cells; checks what needs neither files nor models.

    Raises ``InputError`` for a cell that cannot run, a solver that is not supported, an unknown profile, or one without its scorer
    or of lower scores than that keeps.
    """
    cells = config.expand_cells()
    for cell in cells:
        if cell.solver not in EVERY:
            raise InputError(f"solver: {cell.solver!r} is not supported; allowed: {', '.join(EVERY)}")
    names = [scorer.evidence_name for scorer in scorers_of(config)]
    lacking = [rule.scorer for rule in get_profile(config.profile).rules if rule.scorer not in names]
    if lacking:
        raise InputError(
            f"profile: {config.profile} judges by scorer {lacking[0]!r}, which the run has not; it has {', '.join(names)}"
        )
    check_reach(config)
    if config.diffusion.service is not None:
        check_cells(cells)
    return cells


def _judges(config: RunConfig) -> list[VlmSettings]:
    return [vlm for scorer in scorers_of(config) for vlm in scorer.vlms()]


def check(config: RunConfig) -> tuple[RunPlan, RunStore]:
    """Checks everything that can be checked before a model is loaded, and plans the run.

    Raises ``InputError``.
    """
    cells = check_choices(config)
    named_cluster(config.address)
    sets = read_prompt_sets(config)
    with checking_model(config, cells, sets):
        asking = [question for cell in cells for question in cell.guidance.questions()]
        for scorer in scorers_of(config):
            scorer.check()
        asked = interviews(config.vlm, cells, scorers_of(config))
        for settings in check_pools(config.vlm if asking else None, _judges(config)):
            settings.check([one.question for one in asked if one.vlm == settings])
        run_id = config.run_id or datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
        store = RunStore(config.lake, run_id)
        store.check_writable()
        check_unique(store.files(), f"run {run_id!r} in {config.lake}")
        plan = make_plan(config, sets, cells, holders=store.holders)
        _without_all_held(plan, store)
        check_resume(config, store)
    for one in asked:
        if one.vlm.pool is None:
            interview_direct(one)
    return plan, store


def evaluate(config: RunConfig, plan: RunPlan, store: RunStore, console: Console) -> RunResult:
    """Makes and scores what the lake does not hold yet. Returns when every trial is in the lake.

    Raises:
        InputError: another process writes this run, or the cluster is too small.
        LeaseLostError: another process took this one for dead and went on with the run.
    """
    with hold(run_place(store.lake, store.run_id), config.wait_for_lease_s) as lease:
        return _evaluate(config, plan, store, console, lease)


def _evaluate(config: RunConfig, plan: RunPlan, store: RunStore, console: Console, lease: Lease) -> RunResult:
    started = time.monotonic()
    broken = store.remove_incomplete()
    if broken:
        console.print(f"removed {len(broken)} incomplete files that a killed run had left")
    todo, expected = what_is_left(config, plan, store), plan.trials
    manifest = _manifest(config, plan, store, expected)
    repeated = f", {plan.repeated} repeat a picture, which is made once" if plan.repeated else ""
    for note in plan.notes:
        console.print(f"prompts   {note}", soft_wrap=True, highlight=False, markup=False)
    console.print(
        f"run {store.run_id}: {expected} trials of {plan.prompt_samples} prompts in {len(plan.cells)} cells, "
        f"{expected - todo.trials} in the lake already{repeated}"
    )
    warned: list[str] = []
    engines: dict[str, float] = {}
    if todo.trials:
        with cluster(config.address, console.print):
            require_nodes(demands(config, plan.asks), config.wait_for_nodes_s)
            warned, engines = _stream(
                config, todo, store, manifest, console, lease, held=expected - todo.trials, expected=expected
            )
    after = store.held()
    unjudged = count_unjudged(store.lake, store.run_id, config.profile) if after.trials else 0
    result = RunResult(
        store,
        expected,
        len(after.trials),
        after.unscored,
        time.monotonic() - started,
        unjudged,
        engines,
        after.refused,
    )
    files = [str(path.relative_to(store.lake)) for path in store.files()]
    store.write_manifest(
        {
            **manifest,
            "status": "complete" if result.missing == 0 else "incomplete",
            "files": files,
            "held_trials": result.held,
            "unscored_trials": result.unscored,
            "refused_trials": result.refused,
            "unjudged_trials": result.unjudged,
            **_spent(config, manifest, engines),
            "warnings": list(dict.fromkeys([*manifest["warnings"], *warned])),
            "finished_at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        }
    )
    return result


def _spent(config: RunConfig, earlier: Mapping[str, Any], engines: Mapping[str, float]) -> dict[str, Any]:
    """What all starts of the run have sent to a service under test, and what its pictures cost; nothing without such a service."""
    if config.diffusion.service is None:
        return {}
    before = earlier.get("spent", {})
    return {"spent": {name: before.get(name, 0) + engines.get(name, 0) for name in ("requests", "money")}}


def what_is_left(config: RunConfig, plan: RunPlan, store: RunStore) -> RunPlan:
    """The plan less what the lake holds and is not made again. Raises ``InputError`` as ``_without_all_held``."""
    left, held = _without_all_held(plan, store), store.held()
    kept = held.kept(config.retry_failed)
    return left if len(kept) == len(held.trials) else plan.without(kept)


def _without_all_held(plan: RunPlan, store: RunStore) -> RunPlan:
    """The plan less all that the lake holds. Raises ``InputError`` where the lake holds trials that the plan has not."""
    held = store.held()
    left = _without(plan, held.trials)
    if foreign := len(held.trials) - (plan.trials - left.trials):
        raise InputError(
            f"run_id: run {store.run_id!r} in {store.lake} holds {foreign} trials that this configuration would not make; "
            "choose another run_id, or run it with the configuration that it began with"
        )
    return left


@lru_cache(maxsize=1)
def _without(plan: RunPlan, made: TrialIds) -> RunPlan:
    # asked at the check and once more when the run holds its lease; `held` gives the same object until a file is another
    return plan.without(made)


def _manifest(config: RunConfig, plan: RunPlan, store: RunStore, expected: int) -> dict[str, Any]:
    earlier = store.manifest() or {}
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    return {
        "run_id": store.run_id,
        "started_at": earlier.get("started_at", now),
        "expected_trials": expected,
        "prompts": plan.prompt_samples,
        "cells": [json.loads(cell.canonical_json()) for cell in plan.cells],
        "prompt_sets": sorted({one[:3] for one in plan.prompts.sets}),
        "benign_sets": sorted({one.prompt_set for one in plan.prompts.sets if one.benign}),
        "prompt_notes": list(plan.notes),
        "warnings": earlier.get("warnings", []),
        **({"spent": earlier["spent"]} if "spent" in earlier else {}),
        "profile": config.profile,
        "models": model_digests(config),
        "versions": library_versions(),
        "git_revision": git_revision(),
        "config": config.model_dump(mode="json"),
    }


def demands(config: RunConfig, asks: bool) -> list[Demand]:
    """The workers of a run."""
    found = [
        Demand(name, stage.actors, {"CPU": stage.num_cpus, "GPU": stage.num_gpus}, stage.label_selector)
        for name, stage in (
            ("diffusion", config.diffusion),
            ("safety", config.safety),
            ("alignment", config.alignment),
        )
    ]
    for vlm in check_pools(config.vlm if asks else None, _judges(config)):
        if (pool := vlm.pool) is not None:
            found.append(Demand("vlm", pool.replicas, {"GPU": pool.gpus}, pool.label_selector))
    return [*found, Demand("writing", 1, {"CPU": WRITE_CPUS})]


def _stream(
    config: RunConfig,
    todo: RunPlan,
    store: RunStore,
    manifest: dict[str, Any],
    console: Console,
    lease: Lease,
    *,
    held: int,
    expected: int,
) -> tuple[list[str], dict[str, float]]:
    """What the workers' libraries warned of, and what the engines did."""
    from actors import vlm
    from actors.collector import collecting
    from actors.engine_reports import engines_of
    from actors.notices import notices
    from actors.pool_start import pools_starting

    stamp = {
        "run_id": store.run_id,
        "models": json.dumps(manifest["models"]),
        "versions": json.dumps(manifest["versions"]),
        "git_revision": manifest["git_revision"],
    }
    wanted = check_pools(config.vlm if todo.asks else None, _judges(config))
    for settings in wanted:
        console.print(f"VLM: {settings.described()}")
    scope = vlm.scope_of(store.run_id, lease.name)
    vlm.sweep_up(vlm.scope_of(store.run_id, dead) for dead in lease.after)
    asked = interviews(config.vlm if todo.asks else None, todo.cells, scorers_of(config))

    def begin() -> None:
        store.write_manifest({**manifest, "status": "running"})
        if config.retry_failed and (again := store.set_aside_failed()):
            console.print(f"{again} trials that failed are made again; {store.attempts_folder} keeps what they were")

    console.print(
        f"starting {config.diffusion.actors} diffusion, {config.safety.actors} safety and {config.alignment.actors} alignment actors"
    )
    with (
        kept_if_filled(store.folder),
        collecting(scope) as collector,
        notices(collector, partial(console.print, soft_wrap=True, highlight=False)) as warned,
        pools_starting(wanted, asked, scope, collector, begin),
        watch(store, held, expected, console, steps=todo.steps, engines=partial(engines_of, collector)) as watched,
    ):
        place, file_system = arrow_file_system(store.folder)
        _graph(config, todo, stamp, store, scope).write_parquet(
            place,
            filesystem=file_system,
            try_create_dir=file_system is None,
            filename_provider=PartNames(),
            schema=SCHEMA,
            compression="zstd",
            ray_remote_args={"num_cpus": WRITE_CPUS},
            # as many as there are CPUs would come and go, a process each time
            concurrency=max(WRITERS, config.diffusion.actors),
        )
    return warned, watched.sums


def _graph(config: RunConfig, todo: RunPlan, stamp: dict[str, Any], store: RunStore, scope: str) -> Any:
    from ray.data import ActorPoolStrategy, DataContext

    from actors.diffusion import DiffusionActor
    from actors.scoring import ScoringActor
    from pipelines.request_blocks import request_blocks

    context = DataContext.get_current()
    context.execution_no_progress_timeout_s = config.no_progress_timeout_s
    context.print_on_execution_start = False
    # of a small run: fewer files than may be written at a time
    warnings.filterwarnings("ignore", "The maximum number of concurrent tasks", UserWarning)
    # a disk that is full for a while is waited for, some minutes
    context.retried_io_errors = list(dict.fromkeys([*context.retried_io_errors, *SAID]))
    requests, blocks = request_blocks(todo, config.prompts_per_block(len(todo.cells)))
    settings = config.diffusion

    def scored(dataset: Any, stage: StageSettings) -> Any:
        return dataset.map_batches(
            ScoringActor,
            fn_constructor_args=(stage.scorers, stage.threads, scope),
            batch_format="pyarrow",
            batch_size=stage.batch_size,
            compute=ActorPoolStrategy(size=stage.actors),
            num_cpus=stage.num_cpus,
            num_gpus=stage.num_gpus or None,
            label_selector=stage.label_selector or None,
        )

    made = requests.flat_map(
        DiffusionActor,
        fn_constructor_args=(
            settings,
            config.vlm if todo.asks else None,
            todo.cells,
            stamp,
            None if on_store(store.lake) else str(store.lake / "traces"),
            scope,
        ),
        compute=ActorPoolStrategy(
            size=min(settings.actors, blocks), max_concurrent_calls_per_actor=settings.concurrent_calls
        ),
        num_cpus=settings.num_cpus,
        num_gpus=settings.num_gpus or None,
        label_selector=settings.label_selector or None,
    )
    return scored(scored(made, config.safety), config.alignment)
