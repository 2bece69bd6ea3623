"""Shards of one prompt set that ran as separate jobs become one run, in which each trial stands once."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, cast

import pyarrow as pa

from safesweep.errors import InputError
from safesweep.lake import exclusive
from safesweep.lake.compact import MB, TARGET_MB
from safesweep.lake.finished import FinishedRun, finished_run, name_in_manifest
from safesweep.lake.layout import files_in, part_files, trials_folder
from safesweep.lake.lease import hold, run_place
from safesweep.lake.manifest import Manifest, read_manifest, write_manifest
from safesweep.lake.parquet_files import read_schema
from safesweep.lake.reader import connection
from safesweep.lake.repeats import repeat_id
from safesweep.lake.same_config import check_same, without_rows
from safesweep.lake.sql import parquet, text
from safesweep.lake.status import has_failed, is_refused
from safesweep.lake.streaming import STAGED, PartWriter, stream_rows

RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class Merged(NamedTuple):
    """What a merge made."""

    trials: int
    shared: int
    """Trials that several parts had made, taken once."""
    repeats: int
    """Of other prompt rows that asked for a picture which another part had made, too: they are named as repeats now."""
    files: int


class _Twice(NamedTuple):
    """What becomes of rows whose trial id several parts have."""

    dropped: set[tuple[int, str]]
    """(part, trial id)."""
    renamed: dict[tuple[int, str], str]
    """(part, trial id) -> the id that it has as a repeat."""


def merge(
    lake: str | Path, parts: Sequence[str], into: str, target_mb: float = TARGET_MB, wait_s: float = 0.0
) -> Merged:
    """Makes a run of the rows of finished runs of the same lake, which stay as they are.

    A trial that two parts made for one row of the prompt sets is taken once. Where two parts made one picture for different rows, the
    later part's trial becomes a repeat of the first one's, as it would be had one job made both. Either way the pictures must be
    equal, byte by byte. Rows stream; ids that stand twice are all that is held of them.

    Killed at any point and called again it ends as if it had not been: the manifest, which comes first, tells what was being merged.

    Raises:
        InputError: fewer than two parts, one that is not finished or is configured otherwise (its key is named), trials that are not
            equal (named), a run of the new name that is there already, or a run that another process writes.
        LeaseLostError: another process took this one for dead.
    """
    if len(set(parts)) < 2 or len(set(parts)) < len(parts):
        raise InputError(f"run_id: found {', '.join(parts) or 'none'}; allowed: two runs or more, each once")
    if not RUN_ID.fullmatch(into) or into in parts:
        raise InputError(f"into: {into!r}; allowed: another name of letters, digits, '.', '_' and '-'")
    with ExitStack() as stack:
        for run_id in sorted({*parts, into}):
            stack.enter_context(hold(run_place(lake, run_id), wait_s))
        runs = {run_id: finished_run(lake, run_id) for run_id in parts}
        check_same({run_id: run.manifest for run_id, run in runs.items()})
        _clear(lake, into, parts)
        twice = _find_twice(list(runs.items()))
        started: dict[str, Any] = {"run_id": into, "status": "running", "merging": list(parts)}
        write_manifest(lake, into, started)
        files = dict(_write(lake, into, list(runs.values()), twice, target_mb * MB))
        manifest = _manifest(lake, into, runs, files)
        write_manifest(lake, into, manifest)
        return Merged(manifest["held_trials"], len(twice.dropped), len(twice.renamed), len(files))


def _clear(lake: str | Path, into: str, parts: Sequence[str]) -> None:
    """Removes what a killed merge of the same parts has left. Raises ``InputError`` for any other run of this name."""
    manifest, files = read_manifest(lake, into), part_files(lake, into)
    if manifest is None and not files:
        return
    if (manifest or {}).get("merging") != list(parts):
        raise InputError(f"into: run {into!r} is in lake {lake} already; choose another name")
    for path in [*files, *files_in(trials_folder(lake, into), "", STAGED)]:
        exclusive.remove(path)


def _find_twice(runs: Sequence[tuple[str, FinishedRun]]) -> _Twice:
    selects = [
        f"SELECT {part} AS part, {text(name)} AS run, trial_id, repeat_of, prompt_set, source, prompt_row, sample_index, "
        f"coalesce(md5(picture), '') AS picture FROM {parquet(run.files)}"
        for part, (name, run) in enumerate(runs)
    ]
    ids = " UNION ALL ".join(f"SELECT trial_id FROM {parquet(run.files)}" for _, run in runs)
    with connection() as opened:
        opened.execute(f"CREATE TEMP TABLE twice AS SELECT trial_id FROM ({ids}) GROUP BY trial_id HAVING count(*) > 1")
        rows = opened.execute(
            f"SELECT * FROM ({' UNION ALL '.join(selects)}) SEMI JOIN twice USING (trial_id) ORDER BY trial_id, part"
        ).fetchall()
    first: dict[str, tuple[Any, ...]] = {}
    lines: dict[str, set[Any]] = {}
    found = _Twice(set(), {})
    for part, run, trial, repeat_of, *line, picture in rows:
        known = first.setdefault(trial, (part, run, picture, tuple(line)))
        if known[0] == part:
            lines[trial] = {tuple(line)}
            continue
        if picture != known[2]:
            raise InputError(
                f"trial {trial}: its picture in run {run!r} is another than in {known[1]!r}; allowed: equal ones, taken once"
            )
        if tuple(line) in lines[trial] or repeat_of is not None:
            found.dropped.add((part, trial))
            continue
        prompt_set, source, row, sample = line
        found.renamed[part, trial] = repeat_id(trial, (prompt_set, source, row, sample))
        lines[trial].add(tuple(line))
    return found


def _write(
    lake: str | Path, into: str, runs: Sequence[FinishedRun], twice: _Twice, target: float
) -> Iterator[tuple[Path, str]]:
    """The new run's files, in the order of the parts and of their rows, each with its SHA-256."""
    writer: PartWriter | None = None
    count = 0

    def end(writer: PartWriter) -> tuple[Path, str]:
        writer.close()
        return writer.path, writer.publish()

    try:
        for part, run in enumerate(runs):
            for path in run.files:
                schema = read_schema(path)
                if writer is not None and (writer.size >= target or not writer.schema.equals(schema)):
                    yield end(writer)
                    writer = None
                if writer is None:
                    writer = PartWriter(trials_folder(lake, into) / f"part-merged-{count:06d}.parquet", schema)
                    count += 1
                for batch in stream_rows(path):
                    writer.write(_renamed(batch, part, into, twice))
        if writer is not None:
            yield end(writer)
    finally:
        if writer is not None:
            writer.discard()


def _renamed(batch: pa.RecordBatch, part: int, into: str, twice: _Twice) -> pa.RecordBatch:
    trials = batch["trial_id"].to_pylist()
    keep = [place for place, trial in enumerate(trials) if (part, trial) not in twice.dropped]
    batch = batch.take(pa.array(keep, pa.int64())) if len(keep) < len(trials) else batch
    trials = [trials[place] for place in keep]
    columns = {"run_id": pa.array([into] * len(trials), batch.schema.field("run_id").type)}
    if any((part, trial) in twice.renamed for trial in trials):
        repeat_of = batch["repeat_of"].to_pylist()
        named = [(twice.renamed.get((part, trial), trial), trial) for trial in trials]
        columns["trial_id"] = pa.array([new for new, _ in named], batch.schema.field("trial_id").type)
        originals = [old if new != old else known for (new, old), known in zip(named, repeat_of, strict=True)]
        columns["repeat_of"] = pa.array(originals, batch.schema.field("repeat_of").type)
    arrays = [columns.get(name, column) for name, column in zip(batch.schema.names, batch.columns, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=batch.schema)


def _manifest(lake: str | Path, into: str, runs: Mapping[str, FinishedRun], files: Mapping[Path, str]) -> Manifest:
    """The union's, with what each part was; ``files`` have their SHA-256."""
    manifests: list[dict[str, Any]] = [dict(run.manifest) for run in runs.values()]
    first = manifests[0]
    with connection() as opened:
        [(held, unscored, refused, prompts)] = opened.execute(
            f"""SELECT count(*), count(*) FILTER ({has_failed()}), count(*) FILTER ({is_refused()}),
                count(DISTINCT (prompt_set, source, prompt_row, sample_index))
                FROM {parquet(list(files))}"""
        ).fetchall()
    missing = sum(max(0, one.get("expected_trials", 0) - one.get("held_trials", 0)) for one in manifests)
    names = [name_in_manifest(lake, into, path) for path in files]
    mixed = [key for key in ("versions", "git_revision") if any(one.get(key) != first.get(key) for one in manifests)]
    notes = [f"merged from runs that differ in {key}: the rows say each one's" for key in mixed]
    content: dict[str, Any] = {
        **first,
        "run_id": into,
        "status": "complete" if not missing else "incomplete",
        "started_at": min(one.get("started_at", "") for one in manifests),
        "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "expected_trials": held + missing,
        "held_trials": held,
        "unscored_trials": unscored,
        "refused_trials": refused,
        "unjudged_trials": sum(one.get("unjudged_trials", 0) for one in manifests),
        "prompts": prompts,
        "files": names,
        "digests": dict(zip(names, files.values(), strict=True)),
        "prompt_sets": sorted({tuple(known) for one in manifests for known in one.get("prompt_sets") or ()}),
        "benign_sets": sorted({name for one in manifests for name in one.get("benign_sets") or ()}),
        "prompt_notes": list(dict.fromkeys(note for one in manifests for note in one.get("prompt_notes") or ())),
        "warnings": list(dict.fromkeys([*(note for one in manifests for note in one.get("warnings") or ()), *notes])),
        "config": {**without_rows([one.get("config") or {} for one in manifests]), "run_id": into},
        "parts": [_provenance(run_id, run) for run_id, run in runs.items()],
    }
    content.pop("compacted_at", None)
    return cast(Manifest, content)


def _provenance(run_id: str, run: FinishedRun) -> dict[str, Any]:
    manifest: dict[str, Any] = dict(run.manifest)
    keys = ("held_trials", "expected_trials", "started_at", "finished_at", "versions", "git_revision", "parts")
    config = manifest.get("config") or {}
    rows = {key: config.get(key) for key in ("limit", "prompts")}
    return {"run_id": run_id, **{key: manifest[key] for key in keys if key in manifest}, "rows": rows}
