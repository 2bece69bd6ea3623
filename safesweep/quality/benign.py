"""FID, KID and CMMD of every cell's benign pictures, against the baseline's own or a folder of pictures, and how many a cell changes."""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image
from rich.table import Table

from safesweep.errors import InputError
from safesweep.files import write_json
from safesweep.lake.parquet_files import open_parquet
from safesweep.lake.pictures import PictureError, unpack_picture
from safesweep.lake.reader import run_files
from safesweep.lake.status import MADE
from safesweep.lake.store import RunStore
from safesweep.measures.intervals import Interval
from safesweep.measures.overview import CellName
from safesweep.measures.summary import summary
from safesweep.quality.changes import Changes, changes
from safesweep.quality.distances import Distances, DistanceState
from safesweep.quality.features import Features, FeatureSettings, check_features, make_features
from safesweep.quality.jackknife import GROUPS, Estimate
from safesweep.quality.perceptual import LookApart
from safesweep.reports.none_cell import baseline_of
from safesweep.reports.terminal import terminal_table
from safesweep.reports.text import DASH, percent, significant
from safesweep.types import Picture

PICTURE_FILES = (".png", ".jpg", ".jpeg", ".webp")
_COLUMNS = ("method", "cell", "prompt_set", "prompt_hash", "status", "picture")


class CellQuality(NamedTuple):
    """One cell's benign pictures."""

    method: str
    cell: str
    reference: str
    """The baseline's cell, or the folder."""
    distances: Distances
    changes: Changes | None
    """Against the baseline's cell; None for a cell without one."""


def benign_quality(
    lake: Path,
    run_id: str,
    settings: FeatureSettings,
    *,
    reference: Path | None = None,
    groups: int = GROUPS,
    look: LookApart | None = None,
) -> list[CellQuality]:
    """Measures each cell that has a reference, sorted by method and cell.

    Args:
        lake: the lake's folder.
        run_id: a run whose manifest names its benign sets.
        settings: the features.
        reference: a folder of pictures; None compares with the pictures of the run's `none` cell.
        groups: of prompts, for the distances' intervals; 0 for none.
        look: LPIPS; None leaves it out.

    Raises:
        InputError: no such run, no benign set, no reference, features that cannot be had.
    """
    check_features(settings)
    manifest = RunStore(lake, run_id).manifest() or {}
    benign = set(manifest.get("benign_sets", []))
    try:
        files = run_files(lake, run_id).complete
        cells = summary(lake, run_id, manifest.get("profile", "miniature"), benign)
    except (FileNotFoundError, ValueError) as error:
        raise InputError(str(error)) from error
    if not benign:
        raise InputError(f"run {run_id!r} in {lake}: its manifest names no benign set, so there is nothing to compare")
    shown = picture_paths(reference) if reference is not None else []
    near = {(cell.method, cell.cell): baseline_of(cell, cells) for cell in cells}
    pairs = {name: (base.method, base.cell) for name, base in near.items() if base is not None}
    if reference is None and not any(name != base for name, base in pairs.items()):
        raise InputError(
            f"run {run_id!r}: no cell has a baseline of method 'none'; give --reference, a folder of pictures"
        )
    features = make_features(settings)
    wanted = {name: base for name, base in pairs.items() if name != base} if reference is None else dict(near)
    states = {name: DistanceState(features.width) for name in wanted}
    for path in files:
        found = file_states(path, features, benign, pairs if reference is None else {}, settings.batch_size)
        for name, state in found.items():
            if name in states:
                states[name].merge(state)
    for batch in _batches(shown, settings.batch_size):
        vectors = features.of([np.asarray(Image.open(path).convert("RGB")) for path in batch])
        for state in states.values():
            state.add(vectors, [str(path) for path in batch], reference=True)
    changed = changes(
        files, benign, {name: base for name, base in pairs.items() if name != base}, look, settings.batch_size
    )
    return [
        CellQuality(*name, str(reference) if reference else pairs[name][1], state.distances(groups), changed.get(name))
        for name, state in sorted(states.items())
    ]


def file_states(
    path: Path, features: Features, benign: set[str], pairs: Mapping[CellName, CellName], batch_size: int
) -> dict[CellName, DistanceState]:
    """The states of one parquet file's benign pictures, to be merged with other files'.

    ``pairs``: cell -> the cell whose pictures are its reference; a baseline's pictures are counted for each cell that has it.
    """
    compared: dict[CellName, list[CellName]] = {}
    for name, base in pairs.items():
        if name != base:
            compared.setdefault(base, []).append(name)
    states: dict[CellName, DistanceState] = {}
    for names, clusters, pictures in _benign_pictures(path, benign, batch_size):
        vectors = features.of(pictures)
        for name in set(names):
            places = [index for index, other in enumerate(names) if other == name]
            targets = [(name, False), *((other, True) for other in compared.get(name, []))]
            for target, as_reference in targets:
                state = states.setdefault(target, DistanceState(features.width))
                state.add(vectors[places], [clusters[place] for place in places], reference=as_reference)
    return states


def picture_paths(folder: Path) -> list[Path]:
    """The picture files of a folder and its folders, sorted. Raises ``InputError`` with fewer than two."""
    if not folder.is_dir():
        raise InputError(
            f"--reference: {folder} is no folder; allowed: a folder of pictures ({', '.join(PICTURE_FILES)})"
        )
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURE_FILES)
    if len(found) < 2:
        raise InputError(
            f"--reference: {folder} holds {len(found)} pictures ({', '.join(PICTURE_FILES)}); two or more are needed"
        )
    return found


def quality_table(found: Sequence[CellQuality], settings: FeatureSettings, banner: str | None) -> Table:
    """The distances for a terminal or a log."""
    table = terminal_table(
        f"Benign pictures, features: {settings.name}. FID is biased upwards with few pictures: compare only equal numbers of "
        "them. Distances of other features are other measures. Equal, alike (at most two colour levels apart on average) and "
        "LPIPS: picture by picture with the baseline's. Intervals are of 95 %, over prompts.",
        banner=banner,
    )
    for header in ("cell", "reference", "FID", "KID × 1000", "CMMD", "pictures", "equal", "alike", "LPIPS"):
        table.add_column(header, justify="left" if header in ("cell", "reference") else "right", overflow="fold")
    for one in found:
        fid, kid, cmmd, pictures, reference = one.distances
        changed = one.changes
        table.add_row(
            one.cell,
            one.reference,
            _with_interval(fid),
            _with_interval(Estimate(*(1000 * part for part in kid))),
            _with_interval(cmmd),
            f"{pictures:,} : {reference:,}",
            *(DASH if part is None else _share(part) for part in (changed and changed.same, changed and changed.near)),
            DASH if changed is None or changed.lpips is None else _with_interval(Estimate(*changed.lpips[:3])),
        )
    return table


def _with_interval(one: Estimate) -> str:
    bounds = "" if math.isnan(one.low) else f" ({significant(one.low, 3)} … {significant(one.high, 3)})"
    return significant(one.value, 4) + bounds


def _as_json(one: Changes) -> dict[str, Any]:
    looks = None if one.lpips is None else one.lpips._asdict()
    return {"same": one.same._asdict(), "near": one.near._asdict(), "lpips": looks}


def _share(one: Interval) -> str:
    return f"{percent(one.estimate)} ({percent(one.low)} … {percent(one.high)})"


def write_quality(found: Sequence[CellQuality], settings: FeatureSettings, path: Path) -> None:
    """Writes the distances as JSON; a number that does not exist is null."""
    rows = [
        {
            "method": one.method,
            "cell": one.cell,
            "reference": one.reference,
            **{
                name: part._asdict()
                for name, part in (
                    ("fid", one.distances.fid),
                    ("kid", one.distances.kid),
                    ("cmmd", one.distances.cmmd),
                )
            },
            "pictures": one.distances.pictures,
            "reference_pictures": one.distances.reference,
            "changes": None if one.changes is None else _as_json(one.changes),
        }
        for one in found
    ]
    write_json(path, {"features": settings.model_dump(), "cells": rows})


def _benign_pictures(
    path: Path, benign: set[str], batch_size: int
) -> Iterator[tuple[list[CellName], list[str], list[Picture]]]:
    """Their cells, their prompts' hashes and the pictures."""
    with open_parquet(path) as file:
        for batch in file.iter_batches(batch_size, columns=list(_COLUMNS), use_threads=False):
            rows = [
                row
                for row in batch.to_pylist()
                if row["status"] == MADE and row["picture"] is not None and row["prompt_set"] in benign
            ]
            if not rows:
                continue
            try:
                pictures = [unpack_picture(row["picture"]) for row in rows]
            except PictureError as error:
                raise InputError(f"{path}: a picture cannot be measured: {error}") from error
            yield [(row["method"], row["cell"]) for row in rows], [row["prompt_hash"] for row in rows], pictures


def _batches(paths: Sequence[Path], size: int) -> Iterator[Sequence[Path]]:
    yield from (paths[start : start + size] for start in range(0, len(paths), size))
