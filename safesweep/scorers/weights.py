"""How the weights that a scorer measures with are found and named in the lake, by the SHA-256 of their files. Nothing is loaded."""

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from safesweep.errors import InputError
from safesweep.files import file_sha256, resolve_file
from safesweep.models.checkpoint import WEIGHTS, model_folder
from safesweep.scorers.base import ScorerSettings


def weights_id(name: str, files: Sequence[Path]) -> str:
    """ "name@sha256:…", of the file, or of the files' hashes in their order where there are several; "name@unknown" without a file."""
    return f"{name}@sha256:{_sha256(tuple(files))}" if files else f"{name}@unknown"


def folder_id(model: str, revision: str | None) -> str:
    """The same for a folder or hub id of transformers. Raises ``InputError`` when it is not on this machine."""
    return weights_id(model, folder_weights(model, revision))


def folder_weights(model: str, revision: str | None) -> list[Path]:
    """The weights files of a transformers folder or cached hub id, safetensors before others, as transformers prefers them.

    Raises ``InputError`` when there are none on this machine.
    """
    folder = model_folder(model, revision).path
    for pattern in WEIGHTS:
        files = sorted(file for file in folder.glob(pattern) if file.name.count(".") == 1)
        if files:
            return files
    raise InputError(f"{folder}: the weights are missing; allowed: {', '.join(WEIGHTS)}")


def require_file(settings: ScorerSettings, option: str, path: str) -> Path:
    """The file that ``option`` names. Raises ``InputError`` when there is none."""
    found = Path(resolve_file(path))
    if not found.is_file():
        raise settings.bad(f"{option}: {path}: no such file")
    return found


@lru_cache(maxsize=32)
def _sha256(files: tuple[Path, ...]) -> str:
    hashes = [file_sha256(file) for file in files]
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()
