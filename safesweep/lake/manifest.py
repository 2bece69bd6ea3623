"""A run's manifest: what was run with what, and which of its files are complete. One JSON file a run."""

import json
import re
from collections.abc import Mapping, Set
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, NamedTuple, TypedDict, cast

from safesweep.errors import InputError
from safesweep.files import json_ready, on_store, write_json
from safesweep.lake.exclusive import read
from safesweep.lake.folder import lake_folder, require_inside
from safesweep.lake.layout import manifest_path, trials_folder
from safesweep.lake.stores import list_store
from safesweep.redaction import without_secrets_in


class Manifest(TypedDict, total=False):
    """Its keys; an older run's, or another program's, may lack any."""

    run_id: str
    status: str
    """"running", "complete" or "incomplete"."""
    started_at: str
    finished_at: str
    """Times in ISO 8601, UTC."""
    expected_trials: int
    held_trials: int
    unscored_trials: int
    refused_trials: int
    """Those that a service under test refused to draw; older runs have no such key."""
    spent: dict[str, float]
    """Of a service under test: requests, and money that pictures cost, over all starts of the run."""
    unjudged_trials: int
    """Those with a picture that the run's profile cannot judge."""
    files: list[str]
    """The complete parquet files, relative to the lake or to the run's folder: what readers trust."""
    digests: dict[str, str]
    """Name of a file -> SHA-256 of its bytes, of those that `lake compact` and `lake merge` have written."""
    compacted_at: str
    merging: list[str]
    """Of a run that is being merged: its parts."""
    parts: list[dict[str, Any]]
    """What each run was that a merged one was made of."""
    prompts: int
    cells: list[dict[str, Any]]
    prompt_sets: list[tuple[str, str, str]]
    """Name, file, SHA-256 of each."""
    benign_sets: list[str]
    prompt_notes: list[str]
    """What a user should know of the prompt files: rows not taken, which of two text columns was."""
    profile: str
    models: dict[str, str]
    """Role -> model@digest."""
    versions: dict[str, str]
    """Library -> version."""
    git_revision: str
    config: dict[str, Any]


def is_of_service(manifest: Mapping[str, Any]) -> bool:
    """Whether the run tries a service of which only the API is seen, whose trials may be refused."""
    diffusion = (manifest.get("config") or {}).get("diffusion") or {}
    return bool(diffusion.get("backend", "local") != "local")


def read_manifest(lake: str | Path, run_id: str) -> Manifest | None:
    """The run's manifest, or None for a run without one. Raises ``InputError`` when it is not a JSON object."""
    path = manifest_path(lake, run_id)
    if not (on_store(path) or path.exists()):
        return None
    require_inside(lake_folder(lake), path, str(path), "allowed: a file of the lake")
    try:
        text = read(path)
        if text is None:
            return None
        content = json.loads(text)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: must hold an object, found {type(content).__name__}")
    return cast(Manifest, content)


def write_manifest(lake: str | Path, run_id: str, content: Mapping[str, object]) -> None:
    """Publishes the manifest in one move, so that a reader sees the old one or the new one; its URLs are without what is secret in them."""
    write_json(manifest_path(lake, run_id), without_secrets_in(json_ready(content)))


class NamedFiles(NamedTuple):
    """What a manifest's "files" come to, each name once."""

    there: list[Path]
    missing: list[str]
    """Names of files that are nowhere."""


def locate_files(lake: str | Path, run_id: str) -> NamedFiles | None:
    """Where the files are that the run's manifest names; None without a manifest, or when it has no "files".

    Raises ``InputError`` when "files" is not a list of strings or names one outside the lake, or as `read_manifest`.
    """
    names: object = (read_manifest(lake, run_id) or {}).get("files")
    if names is None:
        return None
    if not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
        raise InputError(f"{manifest_path(lake, run_id)}: 'files' must be a list of strings, found {names!r}")
    root, folder, manifest = lake_folder(lake), trials_folder(lake, run_id), manifest_path(lake, run_id)
    listed = set(list_store(folder)) if on_store(folder) else set()  # one listing in place of a request a file
    there: dict[Path, None] = {}
    missing = []
    for name in dict.fromkeys(names):
        path = _locate(root, folder, name, manifest, listed)
        if path is None:
            missing.append(name)
        else:
            there[path] = None
    return NamedFiles(list(there), missing)


def named_files(lake: str | Path, run_id: str) -> list[Path] | None:
    """The files that the run's manifest names, each once; None without a manifest, or when it has no "files".

    Raises:
        InputError: as `locate_files`.
        FileNotFoundError: a named file is missing.
    """
    found = locate_files(lake, run_id)
    if found is None:
        return None
    if found.missing:
        raise FileNotFoundError(
            f"the manifest names {found.missing[0]!r}, which is neither in {lake_folder(lake)} nor in {trials_folder(lake, run_id)}"
        )
    return found.there


def _locate(lake: Path, folder: Path, name: str, manifest: Path, listed: Set[Path]) -> Path | None:
    """A manifest may be anybody's: a name that leads out of the lake is refused before it is looked at."""
    allowed = "allowed: files inside the lake, as trials/run=…/part-….parquet"
    if PurePosixPath(name).is_absolute() or PureWindowsPath(name).drive or ".." in re.split(r"[/\\]", name):
        raise InputError(f"{manifest}: 'files' names {name!r}, which is no path below the lake; {allowed}")
    for path in (lake / name, folder / name):
        if path in listed or path.exists():
            return require_inside(lake, path, f"{manifest}: 'files' names {name!r}", allowed)
    return None
