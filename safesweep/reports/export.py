"""A run for other programs: a folder of pictures with a CSV, or one parquet file without pictures."""

import csv
import io
import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from safesweep.errors import InputError
from safesweep.lake.finished import finished_run
from safesweep.lake.parquet_files import read_schema, row_groups
from safesweep.lake.pictures import KINDS, PictureError, kind_of, open_picture
from safesweep.lake.status import MADE
from safesweep.lake.stores import scheme_of
from safesweep.lake.streaming import stream_rows
from safesweep.measures.profiles import Profile, get_profile
from safesweep.reports.facts import cell_key
from safesweep.reports.veil import averages, is_known_benign, is_own_drawing

Format = Literal["pictures", "parquet"]
ENDINGS = dict(zip(KINDS.values(), ("png", "jpg", "webp"), strict=True))
SHOWN = ("clear", "blurred", "original", "none", "unreadable")
"""What the CSV's column ``shown`` says of a picture: known to be harmless; averages of it; as it is, by request; there is none; damaged."""
_JUDGED = ("prompt_hash", "seed", "sample_index", "status", "benign", "exchanges", "evidence")


class Exported(NamedTuple):
    """What was written."""

    place: Path
    trials: int
    shown: dict[str, int]
    """One of ``SHOWN`` -> pictures; empty for parquet."""


def export(
    lake: Path,
    run_id: str,
    out: Path,
    form: Format = "pictures",
    *,
    profile: str | None = None,
    originals: bool = False,
) -> Exported:
    """Writes a finished run to ``out``: all of it or nothing.

    Args:
        lake: the lake's place.
        run_id: the run.
        out: for "pictures" a folder that is not there or empty: ``trials.csv``, one line a trial in the run's order, and
            ``pictures/<cell>/<trial_id>.png``; for "parquet" a file that is not there: the trials without pictures and previews.
        form: which of both.
        profile: judges what is harmless; by default the run's own.
        originals: write pictures as they are, where they would be blurred. Without it a picture is clear as in a report: drawn by the
            miniature, or of a benign prompt and sample in which no scorer or VLM found anything in any cell.

    Raises ``InputError`` for a run that is not finished, an unknown profile, and a place that is taken, lies in a store, or cannot be
    written to.
    """
    if scheme_of(str(out)) is not None:
        raise InputError(f"out: {out} is a place in a store; allowed: one of this machine")
    run = finished_run(lake, run_id)
    name = profile or run.manifest.get("profile")
    if name is None:
        raise InputError(f"profile: is needed, for the manifest of run {run_id!r} names none")
    rule = get_profile(name)
    if form == "parquet":
        return _parquet(run.files, out)
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise InputError(f"out: {out} is there and not empty; allowed: a new folder, or an empty one")
    with _beside(out) as fresh:
        return _pictures(run.files, fresh, rule, originals)._replace(place=out)


@contextmanager
def _beside(out: Path) -> Iterator[Path]:
    """A folder that takes the place of ``out`` in one move at the block's end, and is gone after an error."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    except OSError as error:
        raise InputError(f"out: cannot write {out}: {error.strerror or error}") from error
    try:
        yield fresh
        fresh.chmod(0o755)
        fresh.replace(out)
    except OSError as error:
        raise InputError(f"out: cannot write {out}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _pictures(files: tuple[Path, ...], folder: Path, rule: Profile, originals: bool) -> Exported:
    doubtful = _doubtful(files, rule)
    shown = dict.fromkeys(SHOWN, 0)
    trials = 0
    with (folder / "trials.csv").open("w", encoding="utf-8", newline="") as stream:
        writer: Any = None
        for row in _rows(files):
            clear = is_own_drawing(row) or (_column(row) not in doubtful and is_known_benign(row, rule))
            path, how = _put_picture(row, folder, "clear" if clear else "original" if originals else "blurred")
            shown[how] += 1
            trials += 1
            evidence = row["evidence"] if row["status"] == MADE else None
            line = {**_flat(row), "outcome": rule.judge(evidence, row["status"]).outcome, "file": path, "shown": how}
            if writer is None:
                writer = csv.DictWriter(stream, list(line), lineterminator="\n")
                writer.writeheader()
            writer.writerow(line)
    return Exported(folder, trials, shown)


def _rows(files: tuple[Path, ...], columns: tuple[str, ...] | None = None) -> Iterator[dict[str, Any]]:
    for path in files:
        for batch in stream_rows(path, columns):
            yield from batch.to_pylist()


def _doubtful(files: tuple[Path, ...], rule: Profile) -> set[tuple[Any, ...]]:
    """Benign prompts × samples that in some cell are not known to be benign: neither are their pictures in the others."""
    rows = _rows(files, _JUDGED)
    return {_column(row) for row in rows if row["benign"] and row["status"] == MADE and not is_known_benign(row, rule)}


def _column(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["prompt_hash"], row["seed"], row["sample_index"]


def _put_picture(row: Mapping[str, Any], folder: Path, how: str) -> tuple[str, str]:
    """The picture's path below the folder, and one of ``SHOWN``."""
    data = row["picture"]
    if data is None:
        return "", "none"
    try:
        image = open_picture(data)
    except PictureError:
        return "", "unreadable"
    if how == "blurred":
        buffer = io.BytesIO()
        averages(image, image.size).save(buffer, "PNG")
        data = buffer.getvalue()
    # a lake may be anybody's: an id is a file's name only where it is one
    trial = (
        row["trial_id"]
        if re.fullmatch(r"[A-Za-z0-9_-]{1,100}", row["trial_id"])
        else sha256(row["trial_id"].encode()).hexdigest()
    )
    path = f"pictures/{cell_key(row['method'], row['cell'])}/{trial}.{ENDINGS[kind_of(data)]}"
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(data)
    return path, how


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row without bytes; lists and structs as JSON, times in ISO 8601."""
    flat: dict[str, Any] = {}
    for name, value in row.items():
        if name == "exchanges":
            value = [{key: item for key, item in one.items() if key != "preview"} for one in value or ()]
        if isinstance(value, list | dict):
            value = json.dumps(value, ensure_ascii=False)
        elif hasattr(value, "isoformat"):
            value = value.isoformat()
        if name != "picture" and not isinstance(value, bytes):
            flat[name] = value
    return flat


def _parquet(files: tuple[Path, ...], out: Path) -> Exported:
    if out.exists():
        raise InputError(f"out: {out} is there; allowed: a new file")
    schemas = [_without_bytes(read_schema(path)) for path in files]
    schema = pa.unify_schemas(schemas)
    with _file_beside(out) as fresh, pq.ParquetWriter(fresh, schema, compression="zstd") as writer:
        trials = 0
        for path in files:
            for file, group in row_groups(path):
                table = file.read_row_group(group, columns=_leaves(file.schema), use_threads=False)
                missing = [field for field in schema if field.name not in table.schema.names]
                for field in missing:
                    table = table.append_column(field, pa.nulls(len(table), field.type))
                writer.write_table(table.select(schema.names).cast(schema))
                trials += len(table)
    return Exported(out, trials, {})


@contextmanager
def _file_beside(out: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=_made(out.parent)) as folder:
        yield Path(folder) / out.name
        (Path(folder) / out.name).replace(out)


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"out: cannot write to {folder}: {error.strerror or error}") from error
    return folder


def _leaves(schema: pq.ParquetSchema) -> list[str]:
    """Paths of the columns of a file that hold no picture."""
    paths = [schema.column(place).path for place in range(len(schema))]
    return [path for path in paths if path != "picture" and not path.endswith(".preview")]


def _without_bytes(schema: pa.Schema) -> pa.Schema:
    fields = []
    for field in schema:
        if field.name == "exchanges" and pa.types.is_list(field.type):
            kept = [one for one in field.type.value_type if one.name != "preview"]
            field = field.with_type(pa.list_(pa.struct(kept)))
        if field.name != "picture":
            fields.append(field)
    return pa.schema(fields)
