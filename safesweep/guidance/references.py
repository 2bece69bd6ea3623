"""Reference latents: pictures that are to be kept away from, encoded, in a file of their own.

A file is safetensors with one tensor, ``latents`` [N, C, H, W] in the scale that the network denoises in; its metadata says of which
pictures they are. Shape suffixes: N references, C H W latents.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import torch
from pydantic import BeforeValidator, InstanceOf, PlainSerializer
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from safesweep.errors import InputError
from safesweep.files import ROOT

LATENTS = "latents"


@dataclass(frozen=True, eq=False, repr=False)
class References:
    """A file of reference latents. Two are equal when their numbers are, whatever the files are called.

    The numbers are read where they are used, once a process and device, so that a cell that travels stays small.
    """

    path: Path
    digest: str
    """SHA-256 of the numbers as float32 and of their shape, 64 hexadecimal digits."""
    shape: tuple[int, ...]
    """[N, C, H, W]."""
    size: tuple[int, int] | None = None
    """Width and height in pixels of the pictures that they were made of, where the file says so."""
    notes: Mapping[str, str] = field(default_factory=dict)
    """The file's metadata."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, References) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return f"References({self.shape[0]}, sha256:{self.digest})"

    @classmethod
    def load(cls, name: str) -> "References":
        """Of a file's path; one that is not here is looked for in the folder of the code. Raises ``InputError``."""
        path = Path(name).expanduser()
        if not path.is_file() and (ROOT / name).is_file():
            path = ROOT / name
        latents, notes = _read(path)
        size = None
        if "width" in notes and "height" in notes:
            try:
                size = int(notes["width"]), int(notes["height"])
            except ValueError:
                raise InputError(f"{path}: metadata: width and height must be whole numbers of pixels") from None
        return cls(path.resolve(), _digest(latents), tuple(latents.shape), size, notes)

    def latents(self, device: torch.device) -> torch.Tensor:
        """[N, C, H, W], float32. Raises ``InputError`` where the file has changed since it was named."""
        return _latents(self.path, self.digest, device)


def save_references(latents_NCHW: torch.Tensor, path: Path, notes: Mapping[str, str]) -> References:
    """Writes a file of reference latents, which must not be there yet, and names it. Raises ``InputError`` where it cannot be written."""
    if path.exists():
        raise InputError(f"out: {path} is there; allowed: a new file")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        staged = path.with_name(f".{path.name}.new")
        save_file({LATENTS: latents_NCHW.float().cpu().contiguous()}, staged, metadata=dict(notes))
        staged.replace(path)
    except OSError as error:
        raise InputError(f"out: cannot write {path}: {error.strerror or error}") from error
    return References.load(str(path))


@lru_cache(maxsize=4)
def _latents(path: Path, digest: str, device: torch.device) -> torch.Tensor:
    latents, _ = _read(path)
    if _digest(latents) != digest:
        raise InputError(f"{path}: has changed since the run began: its digest is not {digest[:12]}… any more")
    return latents.to(device)


def _read(path: Path) -> tuple[torch.Tensor, dict[str, str]]:
    if not path.is_file():
        raise InputError(
            f"references: {str(path)!r} is no file; `safesweep references` makes one of a run's unsafe pictures"
        )
    try:
        with safe_open(path, framework="pt") as file:
            names = sorted(file.keys())
            if names != [LATENTS]:
                raise InputError(f"{path}: holds {', '.join(names) or 'nothing'}; allowed: {LATENTS} alone")
            latents, notes = file.get_tensor(LATENTS).float(), dict(file.metadata() or {})
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from None
    if latents.dim() != 4 or not len(latents):
        raise InputError(f"{path}: {LATENTS} has the shape {list(latents.shape)}; allowed: [N, C, H, W], N at least 1")
    if not torch.isfinite(latents).all():
        raise InputError(f"{path}: holds numbers that are not finite")
    return latents, notes


def _digest(latents: torch.Tensor) -> str:
    found = hashlib.sha256(f"{list(latents.shape)}".encode())
    found.update(latents.contiguous().numpy().tobytes())
    return found.hexdigest()


def _by_path(value: Any) -> Any:
    return References.load(value) if isinstance(value, str) else value


def _as_digest(references: References) -> str:
    return f"sha256:{references.digest}"


NamedReferences = Annotated[InstanceOf[References], BeforeValidator(_by_path), PlainSerializer(_as_digest)]
"""Reference latents as an option of a method: written as a path; in a cell's JSON, and so in trial ids, by their digest."""
