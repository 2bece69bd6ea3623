"""Runs in the lake's real schema without a model: what a prompt comes to is drawn from a hash, so equal settings give equal trials."""

import datetime
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from safesweep.lake.pictures import png, preview_webp
from safesweep.lake.schema import SCHEMA
from safesweep.lake.store import RunStore

DYNAMIC = "dynamic_negative γ=7.5"


_PREVIEW = preview_webp(np.full((8, 8, 3), 200, np.uint8))


def uniform(*words: Any) -> float:
    """A number in [0, 1) that depends on the words only."""
    digest = hashlib.sha256(repr(words).encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def write_run(
    lake: Path,
    run_id: str,
    *,
    hazards: int = 102,
    benign: int = 104,
    asr: float = 0.05,
    clip_shift: float = 0.0,
    cells: Sequence[tuple[str, str]] = (("dynamic_negative", DYNAMIC),),
    lost: float = 0.0,
    unscored: float = 0.0,
    refused: tuple[float, float] = (0.0, 0.0),
    seed_offset: int = 0,
    samples: int = 1,
    build: str = "a",
    **manifest: Any,
) -> RunStore:
    """Write a run. ``asr``: of the cells other than "none"; a prompt that is unsafe at a low rate is unsafe at every higher one.

    ``lost``: share of the trials that never reach the lake; ``unscored``: share that could not be made; ``refused``: shares of
    hazard and benign prompts that were refused, the same prompts at every higher share; ``build``: pictures of other
    builds differ in their bytes; ``manifest`` overrides its keys.
    """
    store = RunStore(lake, run_id)
    models = {"diffusion": "d@1", "vlm": "v@1", "classifier": "c@1", "clip": "k@1", **manifest.pop("models", {})}
    rows = [
        _refused(
            _row(
                *(run_id, name == "benign", place, sample, method, cell),
                *(asr, clip_shift, unscored, seed_offset, build, models),
            ),
            refused[name == "benign"],
        )
        for name, count in (("hazard", hazards), ("benign", benign))
        for place in range(count)
        for sample in range(samples)
        for method, cell in cells
    ]
    held = [row for row in rows if uniform("lost", row["trial_id"]) >= lost]
    store.folder.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(held, SCHEMA), store.folder / "part-0-000000.parquet", compression="zstd")
    store.write_manifest(
        {
            "run_id": run_id,
            "status": "complete" if len(held) == len(rows) else "incomplete",
            "expected_trials": len(rows),
            "held_trials": len(held),
            "unscored_trials": sum(row["status"] == "unscored" for row in held),
            "files": [str(path.relative_to(lake)) for path in store.files()],
            "benign_sets": ["benign"],
            "profile": "miniature",
            "models": models,
            "versions": {"torch": "2"},
            "git_revision": "0" * 40,
            **manifest,
        }
    )
    return store


def _row(
    run_id: str,
    benign: bool,
    place: int,
    sample: int,
    method: str,
    cell: str,
    asr: float,
    clip_shift: float,
    unscored: float,
    seed_offset: int,
    build: str,
    models: dict[str, str],
) -> dict[str, Any]:
    name = "benign" if benign else "hazard"
    text, seed = f"{name} prompt {place}", 100 * place + sample + seed_offset
    trial = hashlib.sha256(repr((text, seed, cell)).encode()).hexdigest()[:32]
    failed = uniform("fails", trial) < unscored
    rate = 0.01 if benign else 0.95 if method == "none" else asr
    unsafe = uniform("unsafe", text, sample) < rate
    cosine = 0.25 + 0.02 * uniform("cosine", text, seed) + (clip_shift * uniform("shift", text) if benign else 0.0)
    labels = [("dagger", 0.9 if unsafe else 0.1), ("flame", 0.05), ("skull", 0.05)]
    exchange = {
        "step": 3,
        "preview": _PREVIEW,
        "shared_by": 1,
        "question": "What is here?",
        "answer": "dagger" if unsafe else "nothing",
        "terms": ["dagger"] if unsafe else [],
        "seconds": 0.1,
    }
    return {
        "run_id": run_id,
        "trial_id": trial,
        "prompt_id": f"{place:03}",
        "prompt": text,
        "prompt_hash": hashlib.sha256(text.encode()).hexdigest(),
        "prompt_set": name,
        "benign": benign,
        "categories": [name],
        "prompt_row": place,
        "source": f"{name}.csv",
        "source_sha256": hashlib.sha256(name.encode()).hexdigest(),
        "method": method,
        "cell": cell,
        "cell_json": _cell_json(method, cell),
        "guidance_scale": 4.0,
        "negative_scale": _scale(cell),
        "solver": "DPMSolverMultistepScheduler",
        "num_inference_steps": 25,
        "seed": seed,
        "sample_index": sample,
        "width": 64,
        "height": 64,
        "status": "unscored" if failed else "ok",
        "error": "VlmGaveUpError" if failed else None,
        "picture": None if failed else _picture(text, seed, unsafe, cosine, build),
        "exchanges": [exchange] if method.startswith("dynamic") else [],
        "evidence": []
        if failed
        else [
            _evidence("classifier", models["classifier"], labels),
            _evidence("clip", models["clip"], [("cosine", float(np.float32(cosine)))]),
        ],
        "rows": 60.0,
        "rows_alone": 75,
        "compute_seconds": 0.1 + 0.01 * uniform("compute", run_id, trial),
        "seconds": 0.2 + 0.01 * uniform("wait", run_id, trial),
        "models": json.dumps(models),
        "versions": "{}",
        "git_revision": "0" * 40,
        "finished_at": datetime.datetime(2026, 11, 2, tzinfo=datetime.UTC)
        + datetime.timedelta(seconds=int(86400 * uniform("finished", run_id, trial))),
    }


def _refused(row: dict[str, Any], share: float) -> dict[str, Any]:
    if row["status"] != "ok" or uniform("refuses", row["prompt"]) >= share:
        return row
    return {**row, "status": "refused", "error": "not allowed", "picture": None, "evidence": [], "exchanges": []}


def _scale(cell: str) -> float | None:
    return float(cell.partition("γ=")[2].split()[0]) if "γ=" in cell else None


def _cell_json(method: str, cell: str) -> str:
    guidance = {"method": method, **({"negative_scale": _scale(cell)} if "γ=" in cell else {})}
    content = {"guidance": guidance, "edit": None, "guidance_scale": 4.0, "num_inference_steps": 25}
    return json.dumps({**content, "solver": "DPMSolverMultistepScheduler"}, sort_keys=True)


def _picture(*words: Any) -> bytes:
    """A PNG of one colour and a dot, equal for equal words only."""
    levels = [int(256 * uniform(channel, *words)) for channel in range(6)]
    picture = np.full((8, 8, 3), levels[:3], np.uint8)
    picture[0, 0] = levels[3:]
    return png(picture)


def _evidence(scorer: str, model: str, found: list[tuple[str, float]]) -> dict[str, Any]:
    measurements = [{"label": label, "score": score, "box": None} for label, score in found]
    return {"scorer": scorer, "model": model, "error": None, "measurements": measurements}
