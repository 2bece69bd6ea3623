#!/usr/bin/env python3
"""How long it takes to read a lake of a million trials, pictures absent, and to produce every measure.

One process writes a synthetic lake in the lake's schema: 40 cells (g × γ × method), ten samples a prompt, evidence of five scorers,
ten exchanges a dynamic trial. Another reads it with 2 threads and produces what ``measures`` has, for every named profile.
The last line is one JSON object: ``rows``, ``seconds`` and ``peak_gib`` of the reading process, imports included.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

THREADS = 2
RUN = "synthetic"
CELLS = tuple(
    (method, f"{method}{'' if gamma is None else f' γ={gamma:g}'} g={g:g}", g, gamma)
    for g in (4.0, 7.5)
    for method, gammas in (
        ("none", (None,)),
        ("static_negative", tuple(float(n) for n in range(1, 20))),
        ("dynamic_negative", tuple(float(n) for n in range(1, 21))),
    )
    for gamma in gammas
)[:80:2]
"""(method, cell, g, γ), 40 of them."""
SAMPLES = 10
BENIGN_SHARE = 0.4
QUERY_STEPS = (5, 6, 7, 9, 12, 16, 21, 27, 34, 42)
CATEGORIES = ("hate", "harassment", "violence", "self-harm", "sexual", "shocking", "illegal activity")
PROFESSIONS = 36
BODY = (
    "BUTTOCKS",
    "FEMALE_BREAST",
    "FEMALE_GENITALIA",
    "MALE_BREAST",
    "ANUS",
    "MALE_GENITALIA",
    "FEET",
    "BELLY",
    "ARMPITS",
)
GLYPHS = ("circle", "square", "triangle", "star", "heart", "key", "leaf", "cup", "person", "dagger", "flame", "skull")


def write_lake(lake: Path, rows: int) -> None:
    """Writes ``rows`` trials and a manifest."""
    import numpy as np
    import pyarrow.parquet as pq

    prompts = -(-rows // (len(CELLS) * SAMPLES))
    folder = lake / "trials" / f"run={RUN}"
    folder.mkdir(parents=True)
    (lake / "runs").mkdir()
    rng = np.random.default_rng(0)
    # As a run writes them: a prompt's samples and cells together, some dozens of prompts a file.
    together = 32
    files = []
    for number, first in enumerate(range(0, prompts, together)):
        block = np.arange(first, min(first + together, prompts))
        table = _table(rng, block, prompts)
        if number == (prompts - 1) // together:
            table = table.slice(0, rows - number * together * len(CELLS) * SAMPLES)
        path = folder / f"part-{number:05d}.parquet"
        pq.write_table(table, path, compression="zstd")
        files.append(str(path.relative_to(lake)))
    (lake / "runs" / f"{RUN}.json").write_text(json.dumps({"files": files, "benign_sets": ["coco"]}))


def _table(rng: Any, block: Any, prompts: int) -> Any:
    """All trials of some prompts, as a table of the lake's schema."""
    import numpy as np
    import pyarrow as pa

    from safesweep.lake.schema import SCHEMA

    count = len(block) * SAMPLES * len(CELLS)
    prompt = np.repeat(block, SAMPLES * len(CELLS))
    sample = np.tile(np.repeat(np.arange(SAMPLES), len(CELLS)), len(block))
    cell = np.tile(np.arange(len(CELLS)), len(block) * SAMPLES)
    benign = prompt < BENIGN_SHARE * prompts
    gamma = np.array([point[3] or 0.0 for point in CELLS])[cell]
    dynamic = np.array([point[0] == "dynamic_negative" for point in CELLS])[cell]
    strength = rng.random(prompts + 1)[prompt] + 0.05 * rng.standard_normal(count)
    danger = np.clip(np.where(benign, 0.02, strength * np.exp(-gamma / 8)), 0, 1)
    loss = np.where(dynamic, 0.0005, 0.004) * gamma
    made = rng.random(count) > 0.002
    texts = np.array(
        [f"synthetic prompt {number} of a plain scene with some words more, as prompts are long" for number in block]
    )

    def of_cell(place: int) -> Any:
        return pa.array([point[place] for point in CELLS]).take(pa.array(cell))

    columns: dict[str, Any] = {
        "run_id": pa.repeat(RUN, count),
        "trial_id": pa.array(
            [f"{number:032x}" for number in range(int(prompt[0]) * 10**6, int(prompt[0]) * 10**6 + count)]
        ),
        "prompt_id": pa.array(prompt.astype(str)),
        "prompt": pa.array(texts[prompt - block[0]]),
        "prompt_hash": pa.array([f"{number:064x}" for number in prompt * 7919]),
        "prompt_set": pa.array(np.where(benign, "coco", "i2p")),
        "benign": pa.array(benign),
        "categories": pa.array([[CATEGORIES[number % 7]] if number % 3 else list(CATEGORIES[:2]) for number in prompt]),
        "prompt_row": pa.array(prompt),
        "source": pa.repeat("synthetic.csv", count),
        "source_sha256": pa.repeat("0" * 64, count),
        "method": of_cell(0),
        "cell": of_cell(1),
        "cell_json": pa.repeat(json.dumps({"guidance": {"method": "synthetic", "terms": ["a term"] * 40}}), count),
        "guidance_scale": of_cell(2),
        "negative_scale": of_cell(3),
        "solver": pa.repeat("DPMSolverMultistepScheduler", count),
        "num_inference_steps": pa.repeat(pa.scalar(50, pa.int32()), count),
        "seed": pa.array(prompt * 100 + sample),
        "sample_index": pa.array(sample.astype(np.int32)),
        "width": pa.repeat(pa.scalar(512, pa.int32()), count),
        "height": pa.repeat(pa.scalar(512, pa.int32()), count),
        "status": pa.array(np.where(made, "ok", "unscored")),
        "error": pa.array(np.where(made, np.array(None), "VlmGaveUpError: 6 attempts")),
        "picture": pa.nulls(count, pa.binary()),
        "exchanges": _exchanges(rng, dynamic, danger),
        "evidence": _evidence(rng, danger, loss, made),
        "rows": pa.array(np.where(dynamic, 60.5, 120.0)),
        "rows_alone": pa.repeat(pa.scalar(150, pa.int32()), count),
        "compute_seconds": pa.array(rng.random(count)),
        "seconds": pa.array(10 * rng.random(count)),
        "models": pa.repeat(json.dumps({"diffusion": "synthetic@0", "vlm": "synthetic@0"}), count),
        "versions": pa.repeat(json.dumps({"python": "3.11", "torch": "2"}), count),
        "git_revision": pa.repeat("0" * 40, count),
        "finished_at": pa.repeat(pa.scalar(0, pa.timestamp("ms", tz="UTC")), count),
    }
    return pa.table([columns[field.name].cast(field.type) for field in SCHEMA], schema=SCHEMA)


def _lists(lengths: Any, values: Any) -> Any:
    import numpy as np
    import pyarrow as pa

    return pa.ListArray.from_arrays(pa.array(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)), values)


def _exchanges(rng: Any, dynamic: Any, danger: Any) -> Any:
    import numpy as np
    import pyarrow as pa

    from safesweep.lake.schema import EXCHANGE

    lengths = np.where(dynamic, len(QUERY_STEPS), 0)
    total = int(lengths.sum())
    seen = rng.random(total) < np.repeat(0.02 + 0.5 * danger, lengths)
    fields = {
        "step": pa.array(np.tile(QUERY_STEPS, total // len(QUERY_STEPS)).astype(np.int32)),
        "preview": pa.nulls(total, pa.binary()),
        "question": pa.repeat("What unwanted content does the picture show? Answer with the terms, or none.", total),
        "answer": pa.array(np.where(seen, "there is a weapon and blood", "none")),
        "terms": _lists(2 * seen, pa.array(np.tile(["weapon", "blood"], int(seen.sum())))),
        "seconds": pa.array(rng.random(total)),
        "shared_by": pa.repeat(pa.scalar(3, pa.int32()), total),
    }
    values = pa.StructArray.from_arrays([fields[field.name] for field in EXCHANGE], fields=list(EXCHANGE))
    return _lists(lengths, values)


def _evidence(rng: Any, danger: Any, loss: Any, made: Any) -> Any:
    """classifier (12 labels), nudenet (0 to 4 boxes), nudenet-v0, q16 and clip; every 500th picture's q16 failed."""
    import numpy as np
    import pyarrow as pa

    from safesweep.lake.schema import EVIDENCE, MEASUREMENT

    count = len(danger)
    score = np.clip(danger + 0.1 * rng.standard_normal(count), 0, 1)
    boxes = rng.integers(0, 5, count)
    failed = rng.random(count) < 0.002
    parts: list[tuple[str, Any, Sequence[str] | Any, Any]] = []
    hazard = np.array([glyph in ("dagger", "flame", "skull") for glyph in GLYPHS])
    probabilities = rng.random((count, len(GLYPHS))) * np.where(hazard, score[:, None], 1.0)
    parts.append(("classifier", np.full(count, len(GLYPHS)), np.tile(GLYPHS, count), probabilities.ravel()))
    names = np.array([f"{part}_EXPOSED" for part in BODY] + ["FACE_FEMALE", "FACE_MALE", "BELLY_COVERED"])
    total = int(boxes.sum())
    found = np.where(rng.random(total) < np.repeat(score, boxes), rng.integers(0, 9, total), rng.integers(9, 12, total))
    parts.append(("nudenet", boxes, names[found], 0.25 + 0.75 * rng.random(total)))
    for name, labels in (("nudenet-v0", ("safe", "unsafe")), ("q16", ("appropriate", "inappropriate"))):
        sound = np.full(count, 2) if name != "q16" else np.where(failed, 0, 2)
        pairs = np.stack([1 - score, score], axis=1)[sound > 0]
        parts.append((name, sound, np.tile(labels, len(pairs)), pairs.ravel()))
    cosine = 0.3 - loss + 0.03 * rng.standard_normal(count)
    parts.append(("clip", np.ones(count, int), np.repeat("cosine", count), cosine))
    for place, (name, lengths, words, numbers) in enumerate(parts):
        parts[place] = (
            name,
            lengths[made],
            np.asarray(words)[np.repeat(made, lengths)],
            numbers[np.repeat(made, lengths)],
        )
    kept = int(made.sum())
    order = np.arange(5 * kept).reshape(5, kept).T.ravel()
    measured = np.concatenate([part[1] for part in parts])
    starts = np.concatenate([[0], np.cumsum(measured)])[:-1]
    rows = _ranges(starts[order], measured[order])
    labels, scores = (
        np.concatenate([part[2] for part in parts])[rows],
        np.concatenate([part[3] for part in parts])[rows],
    )
    nude = np.concatenate([np.full(int(part[1].sum()), part[0] == "nudenet") for part in parts])[rows]
    box = _lists(4 * nude, pa.array(100 * rng.random(4 * int(nude.sum()))))
    box = pa.ListArray.from_arrays(box.offsets, box.values, mask=pa.array(~nude))
    values = pa.StructArray.from_arrays([pa.array(labels), pa.array(scores), box], fields=list(MEASUREMENT))
    broken = np.zeros(5 * kept, bool).reshape(kept, 5)
    broken[:, 3] = failed[made]
    fields = [
        pa.array(np.tile([part[0] for part in parts], kept)),
        pa.array(np.tile([f"{part[0]}-model" for part in parts], kept)),
        pa.array(np.where(broken.ravel(), "RuntimeError: out of memory", np.array(None))),
        _lists(measured[order], values),
    ]
    return _lists(np.where(made, 5, 0), pa.StructArray.from_arrays(fields, fields=list(EVIDENCE)))


def _ranges(starts: Any, lengths: Any) -> Any:
    """All indices start … start + length − 1, one range after the other."""
    import numpy as np

    ends = np.cumsum(lengths)
    return np.arange(ends[-1]) - np.repeat(ends - lengths, lengths) + np.repeat(starts, lengths)


def read_lake(lake: Path) -> dict[str, float]:
    """Every measure of every cell under every profile; rows read and measures produced."""
    from safesweep.measures.bias import attribute_bias
    from safesweep.measures.intervals import rate_interval
    from safesweep.measures.outcomes import answers_by_step, category_masks, outcomes
    from safesweep.measures.overview import overview
    from safesweep.measures.profile_rates import profile_rates
    from safesweep.measures.summary import summary
    from safesweep.reports.none_cell import baseline_of

    profile, benign = "i2p", json.loads((lake / "runs" / f"{RUN}.json").read_text())["benign_sets"]
    began = time.perf_counter()

    def lap(what: str, produced: int) -> None:
        nonlocal began
        now = time.perf_counter()
        print(f"{now - began:6.1f} s  {what}: {produced}", flush=True)
        began = now

    cells = summary(lake, RUN, profile, benign, threads=THREADS)
    lap("cells in the summary", len(cells))
    rates = profile_rates(lake, RUN, benign, threads=THREADS)
    lap("cells × profiles: ASR, toxic rate, inappropriate probability, expected maximum", len(rates))
    frame = outcomes(lake, RUN, profile, benign, threads=THREADS)
    lap("trials judged", len(frame))
    near = {(cell.method, cell.cell): baseline_of(cell, cells) for cell in cells if cell.method != "none"}
    views = overview(frame, {name: (base.method, base.cell) for name, base in near.items() if base is not None})
    lap("cells against their baseline: CLIP, suppression, triggers, tests, front", len(views))
    unsafe, keys = frame["unsafe"].to_numpy(), frame["prompt_hash"].cat.codes.to_numpy()
    place = frame.groupby(["method", "cell"], observed=True).ngroup().to_numpy()
    hazard = ~frame["benign"].to_numpy()
    masks = {name: mask & hazard for name, mask in category_masks(frame).items()}
    inside = [mask & (place == i) for mask in masks.values() for i in range(len(cells))]
    groups = [rate_interval(unsafe[rows], keys[rows]) for rows in inside]
    lap("categories × cells", len(groups))
    steps = answers_by_step(lake, RUN, benign, threads=THREADS)
    lap("cells × steps of the VLM's answers", len(steps))
    bias = attribute_bias(lake, RUN, "classifier", ["person", "key"], threads=THREADS)
    lap("cells' deviation ratios", len(bias))
    return {"rows": len(frame), "measures": len(rates) + len(views) + len(groups) + len(steps) + len(bias)}


def main() -> None:
    """Entry point."""
    began = time.perf_counter()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="trials of the synthetic lake")
    parser.add_argument("--keep", type=Path, default=None, help="write the lake to this folder and keep it")
    parser.add_argument("--write", type=Path, default=None, help=argparse.SUPPRESS)
    parser.add_argument("--read", type=Path, default=None, help="read a lake that --keep has left")
    arguments = parser.parse_args()
    if arguments.write is not None:
        write_lake(arguments.write, arguments.rows)
    elif arguments.read is not None:
        found = read_lake(arguments.read)
        seconds, peak = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(json.dumps({**found, "seconds": round(seconds, 1), "peak_gib": round(peak / 2**20, 3)}))
    else:
        with tempfile.TemporaryDirectory(prefix="safesweep-scan-") as folder:
            lake = str(arguments.keep or Path(folder) / "lake")
            for step in (["--write", lake, "--rows", str(arguments.rows)], ["--read", lake]):
                subprocess.run([sys.executable, __file__, *step], check=True)


if __name__ == "__main__":
    main()
