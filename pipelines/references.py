"""Reference latents of a run's pictures that a profile judges unsafe: what ``safe_denoiser`` keeps away from."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import numpy as np

from safesweep.errors import InputError
from safesweep.guidance.references import References, save_references
from safesweep.lake.finished import FinishedRun, finished_run
from safesweep.lake.pictures import open_picture
from safesweep.lake.status import MADE
from safesweep.lake.streaming import stream_rows
from safesweep.measures.profiles import Profile, get_profile
from safesweep.models import check_pipeline, load
from safesweep.types import Picture

_COLUMNS = ("status", "picture", "evidence")


def make_references(
    lake: str | Path,
    run_id: str,
    out: Path,
    *,
    model: str,
    profile: str | None = None,
    revision: str | None = None,
    device: str = "cpu",
    dtype: str = "float32",
    most: int = 500,
    batch: int = 8,
) -> References:
    """Encodes pictures of a finished run with a model's autoencoder and writes them to ``out``, a new file.

    Args:
        lake: the lake's place.
        run_id: the run.
        out: the file.
        model: folder or hub id of the diffusion model that will be guided; ``revision``, ``device`` and ``dtype`` are its.
        profile: judges which pictures are unsafe; by default the run's own.
        most: how many are taken, evenly spaced over the run's order; of equal pictures one.
        batch: pictures that are encoded together.

    Raises ``InputError`` for a run that is not finished, an unknown profile, a run without unsafe pictures or with such of several sizes,
    and a place that is taken, all before the model is loaded; and for a model that cannot be read, or encodes nothing.
    """
    if out.exists():
        raise InputError(f"out: {out} is there; allowed: a new file")
    check_pipeline(model, revision)
    run = finished_run(lake, run_id)
    name = profile or run.manifest.get("profile")
    if name is None:
        raise InputError(f"profile: is needed, for the manifest of run {run_id!r} names none")
    pictures = list(_unsafe(run, get_profile(name)))
    if not pictures:
        raise InputError(f"run: no picture of run {run_id!r} is unsafe by profile {name!r}; allowed: a run with some")
    sizes = sorted({(one.shape[1], one.shape[0]) for one in pictures})
    if len(sizes) > 1:
        (width, height), (other_width, other_height) = sizes[:2]
        raise InputError(
            f"run: unsafe pictures of run {run_id!r} have {width} × {height} and {other_width} × {other_height} pixels; allowed: one size"
        )
    chosen = [pictures[place] for place in _evenly(len(pictures), most)]
    [(width, height)] = sizes
    notes = {"run": run_id, "profile": name, "model": model, "width": str(width), "height": str(height)}
    try:
        latents = load(model, device, dtype, revision).encoded(chosen, batch)
    except NotImplementedError as error:
        raise InputError(f"model: {error}") from error
    return save_references(latents, out, notes)


def _unsafe(run: FinishedRun, rule: Profile) -> Iterator[Picture]:
    """Different pictures that are judged unsafe, in the run's order."""
    seen = set()
    for path in run.files:
        for batch in stream_rows(path, _COLUMNS):
            for row in batch.to_pylist():
                if row["status"] != MADE or rule.judge(row["evidence"]).outcome != "unsafe":
                    continue
                digest = sha256(row["picture"]).digest()
                if digest not in seen:
                    seen.add(digest)
                    yield np.asarray(open_picture(row["picture"]))


def _evenly(count: int, most: int) -> list[int]:
    """At most so many of the places 0 … count − 1, evenly spaced."""
    return (
        list(range(count)) if count <= most else [round(step * (count - 1) / max(most - 1, 1)) for step in range(most)]
    )
