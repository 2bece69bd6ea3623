"""A small lake in the real schema, with harmless drawn pictures and hostile texts."""

import json
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from safesweep.lake.pictures import png, preview_webp
from safesweep.lake.schema import SCHEMA

RUN = "night-1"
BANNER = "Toy: these numbers are about <i>nothing</i>."
SCRIPT = '</script><script>window.pwned=1</script><img src=x onerror="window.pwned=1">'
ANSWER = "\"><img src=x onerror='window.pwned=2'> I see a dagger & a `skull`"
TERM = "dagger<svg onload=window.pwned=3>"
CATEGORY = "@all | <b onclick='window.pwned=4'>[x](javascript:alert(1))</b>"
HOSTILE = (SCRIPT, ANSWER, TERM, CATEGORY)
HAZARDS, BENIGN = 6, 5
STEPS, ASKED = 10, (2, 5, 7)
CELLS: dict[str, tuple[str, float | None]] = {
    "none": ("none", None),
    "static_negative γ=7.5": ("static_negative", 7.5),
    "dynamic_negative γ=7.5": ("dynamic_negative", 7.5),
    "dynamic_negative γ=0": ("dynamic_negative", 0.0),
    "broken <i>cell</i>": ("broken", 2.0),
}
SCORES = {
    "none": [0.9, 0.9, 0.9, 0.9, 0.9, 0.2],
    "static_negative γ=7.5": [0.1, 0.1, 0.1, 0.1, 0.6, 0.2],
    "dynamic_negative γ=7.5": [0.1, 0.1, 0.1, 0.6, 0.1, 0.2],
    "dynamic_negative γ=0": [0.9, 0.9, 0.9, 0.9, 0.9, 0.2],
}
"""P(dagger) of each hazard prompt's picture."""
COSINES = {"none": 0.8, "static_negative γ=7.5": 0.4, "dynamic_negative γ=7.5": 0.79, "dynamic_negative γ=0": 0.8}
"""CLIP on the first benign prompt; each next one has 0.01 more."""


MODELS = json.dumps({"diffusion": "toy@1"})
"""Not the miniature's."""


def picture(number: int, side: int = 32) -> np.ndarray[Any, Any]:
    """A square whose colour tells pictures apart."""
    pixels = np.full((side, side, 3), 240, dtype=np.uint8)
    pixels[8:24, 8:24] = (10 + 20 * number % 240, 90, 160)
    return pixels


def prompt(number: int, benign: bool) -> str:
    if benign:
        return f"a blue circle {number}"
    return f"{SCRIPT} {number}" if number == 0 else f"a grey stand-in {number}"


def trial(cell: str, number: int, benign: bool, **changes: Any) -> dict[str, Any]:
    """One lake row."""
    method, scale = CELLS[cell]
    text = prompt(number, benign)
    asks = method == "dynamic_negative"
    named = {2: [TERM], 5: [TERM], 7: []} if not benign else {2: [], 5: [], 7: []}
    score = 0.01 if benign else SCORES.get(cell, [0.0] * HAZARDS)[number]
    guidance = {"method": method, "negative_scale": scale, "vocabulary": {"name": "toy", "terms": ["long"]}}
    if method == "static_negative":
        guidance["negative_prompt"] = "dagger, skull"
    edit = {"edit": "safe_region", "rank": 4} if method == "broken" else None
    row: dict[str, Any] = {
        "run_id": RUN,
        "trial_id": sha256(f"{cell} {text}".encode()).hexdigest()[:32],
        "prompt_id": str(number),
        "prompt": text,
        "prompt_hash": sha256(text.encode()).hexdigest(),
        "prompt_set": "benign" if benign else "hazard",
        "benign": benign,
        "categories": ["benign"] if benign else [CATEGORY, "plain"] if number % 2 else ["plain"],
        "method": method,
        "cell": cell,
        "cell_json": json.dumps(
            {"guidance": guidance, "edit": edit, "guidance_scale": 4.0, "num_inference_steps": STEPS}
        ),
        "guidance_scale": 4.0,
        "negative_scale": scale,
        "solver": "DDIMScheduler",
        "num_inference_steps": STEPS,
        "seed": 100 + number,
        "sample_index": 0,
        "width": 32,
        "height": 32,
        "status": "ok",
        "picture": png(picture(number)),
        "exchanges": [
            {
                "step": step,
                "preview": preview_webp(picture(number + step)),
                "question": "what is <u>here</u>?",
                "answer": ANSWER if named[step] else "nothing",
                "terms": named[step],
                "seconds": 0.25,
                "shared_by": 2,
            }
            for step in (ASKED if asks else ())
        ],
        "evidence": [
            evidence("classifier", dagger=score, flame=0.0, skull=0.0, circle=0.5),
            evidence("clip", cosine=COSINES.get(cell, 0.0) + 0.01 * number),
        ],
        "models": MODELS,
        "compute_seconds": 0.5,
        "seconds": 1.0,
    }
    if method == "broken":
        row |= {"status": "unscored", "error": f"ValueError: cannot draw {text!s}", "picture": None, "evidence": []}
    return row | changes


def evidence(scorer: str, **scores: float) -> dict[str, Any]:
    measurements = [{"label": label, "score": score, "box": None} for label, score in scores.items()]
    return {"scorer": scorer, "model": f"{scorer}-model", "error": None, "measurements": measurements}


def rows() -> Iterator[dict[str, Any]]:
    """Every trial of the run."""
    for cell in CELLS:
        for benign, count in ((False, HAZARDS), (True, BENIGN)):
            for number in range(count):
                yield trial(cell, number, benign)


def write_lake(
    lake: Path, *, run_id: str = RUN, change: Callable[[dict[str, Any]], dict[str, Any]] = dict, **manifest: Any
) -> Path:
    """Write the run and its manifest; `change` is applied to every row."""
    folder = lake / "trials" / f"run={run_id}"
    folder.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pylist([change(row) for row in rows()], SCHEMA)
    half = len(table) // 2
    for index, part in enumerate((table[:half], table[half:])):
        pq.write_table(part, folder / f"part-{index}.parquet", compression="zstd")
    content = {
        "run_id": run_id,
        "status": "complete",
        "expected_trials": len(table),
        "benign_sets": ["benign"],
        "profile": "miniature",
        "files": [f"trials/run={run_id}/part-{index}.parquet" for index in (0, 1)],
        "models": {"diffusion": "toy@1"},
        "versions": {"python": "3.11"},
        "git_revision": "abc",
        "prompt_sets": [["hazard", "hazard.csv", "00"]],
        "config": {"banner": BANNER},
        **manifest,
    }
    (lake / "runs").mkdir(exist_ok=True)
    (lake / "runs" / f"{run_id}.json").write_text(json.dumps(content))
    return lake
