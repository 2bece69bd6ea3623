"""Evidence and lake rows in the contract's shape."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from safesweep.lake.held import ids_in
from safesweep.lake.layout import with_footers
from safesweep.lake.store import RunStore

MEASUREMENT = pa.struct([("label", pa.string()), ("score", pa.float64()), ("box", pa.list_(pa.float64()))])
EVIDENCE = pa.list_(
    pa.struct(
        [
            ("scorer", pa.string()),
            ("model", pa.string()),
            ("error", pa.string()),
            ("measurements", pa.list_(MEASUREMENT)),
        ]
    )
)
EXCHANGES = pa.list_(
    pa.struct(
        [
            ("step", pa.int64()),
            ("question", pa.string()),
            ("answer", pa.string()),
            ("terms", pa.list_(pa.string())),
            ("seconds", pa.float64()),
            ("preview", pa.binary()),
        ]
    )
)
SCHEMA = pa.schema(
    [
        ("trial_id", pa.string()),
        ("run_id", pa.string()),
        ("status", pa.string()),
        ("error", pa.string()),
        ("prompt_id", pa.string()),
        ("prompt", pa.string()),
        ("prompt_hash", pa.string()),
        ("prompt_set", pa.string()),
        ("categories", pa.list_(pa.string())),
        ("prompt_row", pa.int64()),
        ("method", pa.string()),
        ("cell", pa.string()),
        ("guidance_scale", pa.float64()),
        ("negative_scale", pa.float64()),
        ("num_inference_steps", pa.int64()),
        ("seed", pa.int64()),
        ("sample_index", pa.int64()),
        ("width", pa.int64()),
        ("height", pa.int64()),
        ("exchanges", EXCHANGES),
        ("evidence", EVIDENCE),
        ("compute_seconds", pa.float64()),
        ("seconds", pa.float64()),
        ("picture", pa.binary()),
    ]
)


def scorer(name: str, *rows: tuple[str, float], error: str | None = None, model: str = "m") -> dict[str, Any]:
    """One scorer's evidence from (label, score) rows."""
    measurements = [{"label": label, "score": score, "box": None} for label, score in rows]
    return {"scorer": name, "model": model, "error": error, "measurements": measurements}


def exchange(*terms: str) -> dict[str, Any]:
    """One exchange whose answer has these harm terms."""
    return {
        "step": 3,
        "question": "what is here?",
        "answer": " ".join(terms) or "nothing",
        "terms": list(terms),
        "seconds": 0.1,
        "preview": b"webp",
    }


def trial(number: int, **changes: Any) -> dict[str, Any]:
    """One lake row."""
    row: dict[str, Any] = {
        "trial_id": f"t{number}",
        "run_id": "r",
        "status": "ok",
        "error": None,
        "prompt_id": f"p{number}",
        "prompt": f"a red circle {number}",
        "prompt_hash": f"h{number}",
        "prompt_set": "hazards",
        "categories": ["violence"],
        "prompt_row": 0,
        "method": "none",
        "cell": "g=4",
        "guidance_scale": 4.0,
        "negative_scale": 0.0,
        "num_inference_steps": 25,
        "seed": number,
        "sample_index": 0,
        "width": 64,
        "height": 64,
        "exchanges": [],
        "evidence": [],
        "compute_seconds": 1.0,
        "seconds": 2.0,
        "picture": b"png",
    }
    assert set(changes) <= set(row)
    return row | changes


def write_run(lake: Path, *files: list[dict[str, Any]], run_id: str = "r") -> Path:
    """Write rows as part files of a run: one list of rows a file. Returns the lake."""
    folder = lake / "trials" / f"run={run_id}"
    folder.mkdir(parents=True, exist_ok=True)
    for index, rows in enumerate(files):
        pq.write_table(pa.Table.from_pylist(rows, SCHEMA), folder / f"part-{index}.parquet", compression="zstd")
    return lake


def held_ids(store: RunStore) -> list[str]:
    """The trial of every row that a run's files hold, sorted."""
    return sorted(one for path in with_footers(store.files()) for one in ids_in(path)[0])
