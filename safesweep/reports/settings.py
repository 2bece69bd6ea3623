"""What a run and its cells were set to: the manifest, and the cells' own numbers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safesweep.errors import InputError
from safesweep.lake.layout import run_ids
from safesweep.lake.reader import connection, run_files, source
from safesweep.prompts.attacks import cell_digest

CellName = tuple[str, str]
"""method and cell, as the lake writes them."""


@dataclass(frozen=True)
class CellSettings:
    """One cell's numbers."""

    values: dict[str, str] = field(default_factory=dict)
    """Name -> value, as text."""
    constant_negative: str | None = None
    """What is negated on every step; None where the method has no such text or a scale of 0."""
    negates: bool = True
    """False when the negative scale is 0, so that whatever the VLM names is not acted upon."""
    digest: str = ""
    """Of the cell's content, as ``prompts.attacks.cell_digest`` gives it."""


def pick_run(lake: Path, run_id: str | None) -> str:
    """The run that was asked for; without a name, the lake's only one. Raises ``InputError``."""
    if not lake.is_dir():
        raise InputError(f"{lake}: no such folder; a lake holds the folders runs/ and trials/")
    known = run_ids(lake)
    if run_id is not None:
        return run_id
    if len(known) != 1:
        listed = f"one of {', '.join(known)}" if known else "but the lake has none"
        raise InputError(f"--run: a run's name is needed, {listed} (lake {lake})")
    return known[0]


def benign_sets(lake: Path, run_id: str, manifest: Mapping[str, Any]) -> list[str]:
    """Names of the benign prompt sets: the manifest's, or, without them, those that the trials say are benign."""
    if "benign_sets" in manifest:
        return sorted(manifest["benign_sets"])
    found = _ask(f"SELECT DISTINCT prompt_set FROM {source(run_files(lake, run_id).complete)} WHERE benign ORDER BY 1")
    return [name for (name,) in found]


def cell_settings(lake: Path, run_id: str) -> dict[CellName, CellSettings]:
    """What each cell of a run was set to, from its trials."""
    rows = _ask(
        f"""SELECT method, cell, any_value(cell_json), min(guidance_scale), max(guidance_scale),
                   any_value(negative_scale), any_value(num_inference_steps), any_value(solver)
            FROM {source(run_files(lake, run_id).complete)} GROUP BY method, cell"""
    )
    found = {}
    for method, cell, cell_json, low, high, negative_scale, steps, solver in rows:
        content = json.loads(cell_json) if cell_json else {}
        guidance, edit, checkpoint = (content.get(name) or {} for name in ("guidance", "edit", "checkpoint"))
        scale = {} if low is None else {"guidance_scale": f"{low:g}" if low == high else f"{low:g} to {high:g}"}
        values = {
            **_flat(guidance),
            **{f"edit.{name}": value for name, value in _flat(edit).items()},
            **{f"checkpoint.{name}": value for name, value in _flat(checkpoint).items()},
            **scale,
            "num_inference_steps": str(steps),
            "solver": str(solver),
        }
        off = negative_scale == 0
        digest = cell_digest(cell_json) if cell_json else ""
        found[method, cell] = CellSettings(values, None if off else guidance.get("negative_prompt"), not off, digest)
    return found


def _ask(query: str) -> list[tuple[Any, ...]]:
    with connection(ordered=True) as opened:
        return opened.execute(query).fetchall()


def _flat(guidance: Mapping[str, Any]) -> dict[str, str]:
    """Numbers and texts as they are, lists joined; of a nested object, such as a vocabulary, its name."""
    flat = {}
    for name, value in guidance.items():
        if isinstance(value, Mapping):
            flat[name] = str(value.get("name", "…"))
        elif isinstance(value, list):
            flat[name] = ", ".join(map(str, value))
        elif value is not None:
            flat[name] = f"{value:g}" if isinstance(value, float) else str(value)
    return flat
