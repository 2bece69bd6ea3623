"""Scoring what is in the lake: scorers that a run has not had add their evidence to its pictures, and no picture is made again."""

import datetime
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
from rich.console import Console

from pipelines.cluster import Demand, cluster, require_nodes
from pipelines.cluster_address import named_cluster
from pipelines.config import RunConfig
from pipelines.interviews import interviews
from pipelines.resume import check_reach, same_weights, scorers_of, written_name
from safesweep.errors import InputError
from safesweep.lake.folder import lake_folder
from safesweep.lake.lease import Lease, hold, run_place
from safesweep.lake.parquet_files import read_table, replace_rows
from safesweep.lake.scored import scored
from safesweep.lake.status import MADE
from safesweep.lake.store import RunStore
from safesweep.scorers import ScorerSettings
from safesweep.vlm.checks import check_pools
from safesweep.vlm.preflight import interview_direct

BATCH = 64
"""Pictures of a file that are in memory together."""


def check_rescore(config: RunConfig) -> RunStore:
    """Checks everything that can be checked before a model is loaded. Raises ``InputError``."""
    if config.run_id is None:
        raise InputError("run_id: which run is to be scored must be said")
    store = RunStore(config.lake, config.run_id)
    if not store.files() or store.manifest() is None:
        raise InputError(f"run_id: run {config.run_id!r} in {store.lake} holds nothing to score")
    named_cluster(config.address)
    check_reach(config)
    for scorer in scorers_of(config):
        scorer.check()
    asked = interviews(None, (), scorers_of(config))
    for settings in check_pools(None, [vlm for scorer in scorers_of(config) for vlm in scorer.vlms()]):
        settings.check([one.question for one in asked if one.vlm == settings])
    there = scored(store.files())
    for scorer in scorers_of(config):
        for model in there.models.get(scorer.evidence_name, {}):
            if not same_weights(model, scorer.model_id()):
                raise InputError(
                    f"run_id: run {config.run_id!r} in {store.lake}: scorer {scorer.evidence_name!r} was {model}, this configuration has "
                    f"{scorer.model_id()}; give the new one a name of its own"
                )
    for one in asked:
        if one.vlm.pool is None:
            interview_direct(one)
    return store


def rescore(config: RunConfig, store: RunStore, console: Console) -> int:
    """Adds the evidence of the run's scorers where it is not there, or where a scorer failed; returns how many pictures had lacked some.

    Killed at any point and started again it goes on where it was. Raises ``InputError`` as ``check_rescore``, and while another
    process writes the run.
    """
    with hold(run_place(store.lake, store.run_id), config.wait_for_lease_s) as lease:
        return _rescore(config, store, console, lease)


def _rescore(config: RunConfig, store: RunStore, console: Console, lease: Lease) -> int:
    store.remove_incomplete()
    names = [scorer.evidence_name for scorer in scorers_of(config)]
    todo = [path for path in store.files() if lacking(read_table(path, ["status", "evidence"]), names)]
    console.print(f"run {store.run_id}: {len(todo)} of {len(store.files())} files lack evidence of {', '.join(names)}")
    count = 0
    if todo:
        from actors import vlm
        from actors.collector import collecting
        from actors.notices import notices

        scope = vlm.scope_of(store.run_id, lease.name)
        wanted = check_pools(None, [one for scorer in scorers_of(config) for one in scorer.vlms()])
        stage = config.safety
        with cluster(config.address, console.print):
            demands = [
                Demand("safety", stage.actors, {"CPU": stage.num_cpus, "GPU": stage.num_gpus}, stage.label_selector)
            ]
            require_nodes(demands, config.wait_for_nodes_s)
            vlm.sweep_up(vlm.scope_of(store.run_id, dead) for dead in lease.after)
            with (
                collecting(scope) as collector,
                notices(collector, partial(console.print, soft_wrap=True, highlight=False)),
                vlm.pools(wanted, scope),
            ):
                vlm.interview_pools(interviews(None, (), scorers_of(config)), scope)
                count = _score_files(config, todo, scope, console)
    _record(config, store)
    return count


def _score_files(config: RunConfig, files: Sequence[Path], scope: str, console: Console) -> int:
    import ray
    from ray.util import ActorPool

    stage = config.safety
    worker = ray.remote(num_cpus=stage.num_cpus, num_gpus=stage.num_gpus, label_selector=stage.label_selector)(
        FileScorer
    )
    workers = [worker.remote(scorers_of(config), stage.threads, scope) for _ in range(min(stage.actors, len(files)))]
    count = 0
    found = ActorPool(workers).map(
        lambda actor, path: actor.score.remote(path), [str(path.absolute()) for path in files]
    )
    for place, number in enumerate(found, start=1):
        count += number
        console.print(f"{place} of {len(files)} files, {count} pictures scored")
    return count


class FileScorer:
    """Adds to one file at a time what its scorers have to say, and puts the new file in the old one's place in one move."""

    def __init__(self, scorers: Sequence[ScorerSettings], threads: int | None, scope: str = "") -> None:
        from actors.scoring import ScoringActor

        self._actors = {one.evidence_name: ScoringActor((one,), threads, scope) for one in scorers}

    def score(self, path: str) -> int:
        """How many of the file's pictures lacked evidence."""
        rows = read_table(lake_folder(path))
        touched: set[int] = set()
        for name, actor in self._actors.items():
            places = lacking(rows, [name])
            for start in range(0, len(places), BATCH):
                some = places[start : start + BATCH]
                rows = _put(rows, some, actor(_without(rows.take(some), name)))
            touched |= set(places)
        replace_rows(lake_folder(path), rows)
        return len(touched)


def lacking(rows: pa.Table, names: Sequence[str]) -> list[int]:
    """Places of rows whose picture one of the scorers ``names`` has not scored, or has failed on."""
    found = []
    for place, (status, evidence) in enumerate(
        zip(rows["status"].to_pylist(), rows["evidence"].to_pylist(), strict=True)
    ):
        scored_by = {one["scorer"] for one in evidence or () if one["error"] is None}
        if status == MADE and not set(names) <= scored_by:
            found.append(place)
    return found


def _without(rows: pa.Table, name: str) -> pa.Table:
    """The rows less what this scorer said when it failed."""
    return _with_evidence(
        rows, [[one for one in row or () if one["scorer"] != name] for row in rows["evidence"].to_pylist()]
    )


def _put(rows: pa.Table, places: Sequence[int], changed: pa.Table) -> pa.Table:
    evidence = rows["evidence"].to_pylist()
    for place, new in zip(places, changed["evidence"].to_pylist(), strict=True):
        evidence[place] = new
    return _with_evidence(rows, evidence)


def _with_evidence(rows: pa.Table, evidence: list[list[dict[str, Any]]]) -> pa.Table:
    column = rows.schema.get_field_index("evidence")
    field = rows.schema.field(column)
    return rows.set_column(column, field, pa.array(evidence, field.type))


def _record(config: RunConfig, store: RunStore) -> None:
    """Puts the scorers that came to it into the run's manifest, so that it is gone on with by all of them."""
    manifest: dict[str, Any] = dict(store.manifest() or {})
    manifest.pop("digests", None)  # of files as they were before
    written = manifest.get("config") or {}
    new = config.model_dump(mode="json")
    known = {
        written_name(one) for stage in ("safety", "alignment") for one in written.get(stage, {}).get("scorers", ())
    }
    for stage in ("safety", "alignment"):
        added = [one for one in new[stage]["scorers"] if written_name(one) not in known]
        section = written.get(stage, new[stage])
        written = {**written, stage: {**section, "scorers": [*section.get("scorers", ()), *added]}}
    models = {**manifest.get("models", {}), **{one.evidence_name: one.model_id() for one in scorers_of(config)}}
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    store.write_manifest({**manifest, "config": written, "models": models, "rescored_at": now})
