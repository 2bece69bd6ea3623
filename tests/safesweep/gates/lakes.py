"""Lakes whose previews tell what the VLM named: red at the left is a dagger, blue at the right a skull."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from safesweep.lake.manifest import write_manifest
from safesweep.lake.pictures import preview_webp
from safesweep.lake.schema import SCHEMA
from safesweep.types import Picture
from safesweep.vlm.vocabulary import HarmVocabulary

VOCABULARY = HarmVocabulary.from_yaml("miniature")
VLM = "a VLM@1"


def drawing(terms: tuple[str, ...], seed: int) -> Picture:
    """32 × 32, of noise on grey."""
    picture = np.random.default_rng(seed).integers(90, 166, (32, 32, 3))
    if "dagger" in terms:
        picture[4:28, 2:14] = (230, 20, 20)
    if "skull" in terms:
        picture[4:28, 18:30] = (20, 20, 230)
    return picture.astype(np.uint8)


def exchange(terms: tuple[str, ...], seed: int, **changes: Any) -> dict[str, Any]:
    """One that the VLM answered."""
    row = {
        "step": 3 + seed % 2,
        "preview": preview_webp(drawing(terms, seed)),
        "question": VOCABULARY.question(),
        "answer": ", ".join(terms) or "nothing",
        "terms": list(terms),
        "seconds": 0.1,
        "shared_by": 1,
        "answered_by": "vlm",
    }
    return row | changes


def rows(prompts: int, each: int = 4, first: int = 0) -> list[dict[str, Any]]:
    """Trials of ``prompts`` texts with ``each`` previews: a third show nothing, a third a dagger, a sixth a skull, a sixth both."""
    kinds = ((), ("dagger",), (), ("skull",), ("dagger",), ("dagger", "skull"))
    return [
        {
            "trial_id": f"t{number}",
            "prompt_hash": f"text {number}",
            "models": json.dumps({"vlm": VLM}),
            "exchanges": [exchange(kinds[number % 6], number * each + place) for place in range(each)],
        }
        for number in range(first, first + prompts)
    ]


def write_run(
    lake: Path, *files: list[dict[str, Any]], run_id: str = "r", schema: pa.Schema = SCHEMA, **config: Any
) -> Path:
    """A finished run of these files. Returns the lake."""
    folder = lake / "trials" / f"run={run_id}"
    folder.mkdir(parents=True, exist_ok=True)
    names = []
    for place, trials in enumerate(files):
        path = folder / f"part-{place}.parquet"
        pq.write_table(pa.Table.from_pylist(trials, schema), path)
        names.append(str(path.relative_to(lake)))
    write_manifest(lake, run_id, {"run_id": run_id, "status": "complete", "files": names, "config": config})
    return lake
