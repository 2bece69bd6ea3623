"""What moved between two nights' canaries, and why.

If the reference's pictures move, the libraries, the device or the code moved them; if only those of the model under test move, that model
did.
"""

from pathlib import Path
from typing import Literal

import numpy as np

from safesweep.lake.pictures import PictureError, unpack_picture
from safesweep.regression.canary import Canary, CanaryPicture
from safesweep.settings import Section


class Drift(Section):
    """What moved since another canary."""

    kind: Literal["none", "model", "infrastructure", "both", "unknown"]
    sentence: str
    changed: tuple[str, ...]
    """What the records say is not as it was: "torch 2.1 → 2.2"."""
    model_distance: float | None
    """Largest mean absolute difference of a picture, levels of 0 to 255; likewise reference_distance. None: not compared."""
    reference_distance: float | None


def explain_drift(then: Canary, now: Canary, folder: Path, tolerance: float) -> Drift:
    """What moved between two canaries, and why, as far as the records can tell.

    Args:
        then, now: canaries of one suite, whose pictures lie in ``folder``.
        folder: the suite's.
        tolerance: mean absolute difference up to which a picture counts as the same, levels of 0 to 255.
    """
    before, after = then.environment, now.environment
    changed = [
        f"{key} {before.get(key, 'none')} → {after.get(key, 'none')}"
        for key in sorted({*before, *after})
        if before.get(key) != after.get(key)
    ]
    other = {role: then.digests.get(role) != now.digests.get(role) for role in ("model", "reference")}
    old = {picture.key: picture for picture in then.pictures}
    if then.settings != now.settings or old.keys() != {picture.key for picture in now.pictures}:
        sentence = "the canary's own settings changed; it can be compared from the next night on"
        return Drift(
            kind="unknown", sentence=sentence, changed=tuple(changed), model_distance=None, reference_distance=None
        )
    far: dict[str, float] = {"model": 0.0, "reference": 0.0}
    for picture in now.pictures:
        far[picture.role] = max(far[picture.role], _distance(old[picture.key], picture, folder))
    noise = any(old[p.key].latents != p.latents for p in now.pictures if p.role == "model")
    kind, sentence = _cause(
        model_moved=far["model"] > tolerance,
        reference_moved=far["reference"] > tolerance,
        other_model=other["model"],
        other_reference=other["reference"],
        environment=bool(changed),
    )
    if noise:
        sentence += "; the initial noise of a seed is not what it was"
    if other["model"]:
        changed.insert(0, f"weights {then.digests.get('model')} → {now.digests.get('model')}")
    return Drift(
        kind=kind,
        sentence=sentence,
        changed=tuple(changed),
        model_distance=far["model"],
        reference_distance=far["reference"],
    )


def _cause(
    *, model_moved: bool, reference_moved: bool, other_model: bool, other_reference: bool, environment: bool
) -> tuple[Literal["none", "model", "infrastructure", "both", "unknown"], str]:
    if not model_moved and not reference_moved:
        return "none", "the pictures of fixed latents are what they were"
    if reference_moved and other_reference:
        # The reference says nothing once its own weights are others; the records alone are left.
        if environment:
            return "unknown", "pictures moved, and the reference's weights and the environment both changed"
        return "model", "pictures moved with the weights; the environment is on record as it was"
    if reference_moved and other_model:
        return (
            "both",
            "a model whose weights did not change draws other pictures, and the weights under test changed too",
        )
    if reference_moved:
        return (
            "infrastructure",
            "a model whose weights did not change draws other pictures: libraries, device or code moved them",
        )
    if other_model:
        return "model", "only the model under test draws other pictures, and its weights changed"
    return (
        "model",
        "only the model under test draws other pictures, though its files did not change: how it is loaded or run did",
    )


def _distance(then: CanaryPicture, now: CanaryPicture, folder: Path) -> float:
    """Mean absolute difference of two pictures, levels of 0 to 255; 255 where they cannot be laid on each other."""
    if then.picture == now.picture:
        return 0.0
    files = [folder / one.file for one in (then, now)]
    # a record may be anybody's: it names files of the suite's folder, and these are pictures
    if not all(file.is_file() and file.resolve().is_relative_to(folder.resolve()) for file in files):
        return 255.0
    try:
        a, b = (unpack_picture(file.read_bytes()).astype(np.float64) for file in files)
    except PictureError:
        return 255.0
    return float(np.abs(a - b).mean()) if a.shape == b.shape else 255.0
