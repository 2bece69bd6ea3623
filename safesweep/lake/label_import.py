"""Labels of files, held to the run that they are said to be of, and put beside the lake."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from safesweep.errors import InputError
from safesweep.lake.label_files import as_table, read_label_file
from safesweep.lake.labels import write_labels
from safesweep.lake.reader import connection, read_whole_trials, run_files, source
from safesweep.lake.sql import is_one_of


class Imported(NamedTuple):
    """What was put beside the lake."""

    labels: int
    pictures: int
    labellers: tuple[str, ...]
    path: Path


def import_labels(lake: str | Path, run_id: str, files: Sequence[Path]) -> Imported:
    """Check labels of one run and publish them together: all of them, or none.

    Args:
        lake, run_id: where they belong.
        files: as `label_files.read_label_file` reads them.

    Raises:
        FileNotFoundError, ValueError: as `safesweep.lake.reader.run_files`.
        InputError: a file that cannot be read; a label of another run, of a trial that the run lacks, or of another picture.
    """
    trusted = run_files(lake, run_id).complete
    found = [(path, label) for path in files for label in read_label_file(path)]
    for path, label in found:
        if label["run_id"] != run_id:
            raise InputError(f"{path}: holds labels of run {label['run_id']!r}; allowed: of {run_id!r}")
    wanted = {label["trial_id"] for _, label in found}
    held: dict[str, str] = {}
    if trusted:
        with connection() as opened:
            select = f"SELECT trial_id FROM {source(trusted)} WHERE {is_one_of('trial_id', wanted)}"
            for row in read_whole_trials(opened, trusted, select, ["trial_id", "picture"]):
                held[row["trial_id"]] = sha256(row["picture"] or b"").hexdigest()
    for path, label in found:
        name = label["trial_id"]
        if name not in held:
            raise InputError(f"{path}: labels trial {name!r}, which run {run_id!r} in {lake} does not hold")
        if held[name] != label["picture_sha256"]:
            raise InputError(
                f"{path}: labels another picture of trial {name!r} than run {run_id!r} in {lake} holds now"
            )
    labels = [label for _, label in found]
    published = write_labels(lake, run_id, as_table(labels))
    return Imported(len(labels), len(wanted), tuple(sorted({label["labeller"] for label in labels})), published)
