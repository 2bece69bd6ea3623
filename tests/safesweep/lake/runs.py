"""Small finished runs in the lake's real schema: several files, pictures, previews, nulls and NaN."""

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from safesweep.lake.layout import trials_folder
from safesweep.lake.manifest import write_manifest
from safesweep.lake.reader import run_files
from safesweep.lake.schema import SCHEMA

CONFIG: dict[str, Any] = {
    "run_id": None,
    "lake": "lake",
    "limit": None,
    "seed": 1,
    "prompts": [{"path": "mine.csv", "benign": False, "name": None, "limit": None, "rows": None, "shard": None}],
    "diffusion": {"model": "m", "actors": 1, "dtype": "float32"},
}


def row(number: int, run_id: str = "r", **changes: Any) -> dict[str, Any]:
    """A trial; every third has exchanges, every fifth failed."""
    failed = number % 5 == 4
    exchange = {
        "step": 3,
        "preview": bytes([number]) * 9,
        "question": "?",
        "answer": "näh",
        "terms": [],
        "seconds": 0.5,
    }
    measured = [{"label": "dagger", "score": float("nan") if number == 6 else number / 7, "box": None}]
    found: dict[str, Any] = {
        "run_id": run_id,
        "trial_id": f"{number:032x}",
        "prompt_id": f"{number:03}",
        "prompt": f"a red circle {number}",
        "prompt_hash": f"{number:064x}",
        "prompt_set": "mine",
        "benign": False,
        "categories": ["violence"] * (number % 3),
        "prompt_row": number,
        "source": "mine.csv",
        "source_sha256": "5" * 64,
        "method": "none",
        "cell": "none g=4",
        "cell_json": "{}",
        "guidance_scale": 4.0,
        "seed": number,
        "sample_index": 0,
        "width": 8,
        "height": 8,
        "status": "unscored" if failed else "ok",
        "error": "ValueError" if failed else None,
        "picture": None if failed else bytes([number % 256]) * (200 + number),
        "exchanges": [exchange] if number % 3 == 0 else [],
        "evidence": [] if failed else [{"scorer": "c", "model": "m", "error": None, "measurements": measured}],
        "rows": 0.5,
        "rows_alone": 1,
        "models": "{}",
        "finished_at": datetime.datetime(2026, 11, 2, tzinfo=datetime.UTC),
    }
    assert set(changes) <= set(SCHEMA.names)
    return {**found, **changes}


def write(path: Path, rows: Sequence[dict[str, Any]], schema: pa.Schema = SCHEMA) -> Path:
    """A part file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(list(rows), schema), path, compression="zstd", row_group_size=2)
    return path


def finished(lake: Path, *files: Sequence[int | dict[str, Any]], run_id: str = "r", **manifest: Any) -> Path:
    """A finished run of these trials, one list a file, by number or as rows; ``manifest`` overrides its keys. Returns the lake."""
    folder = trials_folder(lake, run_id)
    rows = [[row(one, run_id) if isinstance(one, int) else one for one in file] for file in files]
    for place, part in enumerate(rows):
        write(folder / f"part-w-{place:06d}.parquet", part)
    every = [one for part in rows for one in part]
    content = {
        "run_id": run_id,
        "status": "complete",
        "expected_trials": len(every),
        "held_trials": len(every),
        "unscored_trials": sum(one["status"] != "ok" for one in every),
        "unjudged_trials": 0,
        "files": [f"trials/run={run_id}/part-w-{place:06d}.parquet" for place in range(len(rows))],
        "prompts": len(every),
        "cells": [{"method": "none"}],
        "prompt_sets": [["mine", "mine.csv", "5" * 64]],
        "benign_sets": [],
        "prompt_notes": [],
        "warnings": [],
        "profile": "miniature",
        "models": {"diffusion": "m@1"},
        "versions": {"torch": "2"},
        "git_revision": "0" * 40,
        "config": CONFIG,
        **manifest,
    }
    write_manifest(lake, run_id, content)
    return lake


def table(lake: Path, run_id: str = "r") -> pa.Table:
    """All rows that the run's manifest names, in its order."""
    files = run_files(lake, run_id).complete
    return pa.concat_tables([pq.read_table(path, partitioning=None) for path in files], promote_options="default")
