"""Files of weights that a cell names: found on this machine, and named by a digest of their content."""

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, InstanceOf, PlainSerializer

from safesweep.errors import InputError
from safesweep.files import ROOT, file_sha256
from safesweep.models.checkpoint import HUB_ID, digest, model_folder
from safesweep.models.safetensors_header import broken_weights

SUFFIXES = (".safetensors", ".pt", ".pth", ".bin", ".ckpt")
USUAL = {
    *("pytorch_lora_weights", "adapter_model", "diffusion_pytorch_model", "model", "pytorch_model"),
    *("unet", "transformer", "text_encoder"),
}
"""Names that libraries give to files and folders of weights."""
IMMATERIAL = (".md", ".png", ".jpg", ".txt")
"""Files of a folder that decide no picture."""


@dataclass(frozen=True)
class NamedWeights:
    """A file or a folder of weights. Two are equal when their content is, wherever they lie."""

    written: str
    """As the cell has it, so that every node looks for it in its own place."""
    digest: str
    """SHA-256 of the content, 64 hexadecimal digits; of a whole model what ``safesweep.models.checkpoint.digest`` says."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NamedWeights) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    @property
    def path(self) -> Path:
        """Where it is on this machine. Raises ``InputError`` when it is not there any more."""
        return find(self.written)

    def require_same(self) -> None:
        """Raises ``InputError`` where the content on this machine is not what the digest says: pictures would lie under a wrong name."""
        found = content_digest(self.path)
        if found != self.digest:
            raise InputError(
                f"{self.written}: its content is {found[:16]}… on this machine; allowed: {self.digest[:16]}…, as where the run began"
            )

    @property
    def folder(self) -> Path:
        """Of a whole model. Raises ``InputError`` as ``path``."""
        path, _, revision = self.written.partition("@")
        return model_folder(path, revision or None).path

    @property
    def stem(self) -> str:
        """Its name for people: the file's or the folder's, or that of the folder above where every such file is called so."""
        path = Path(self.written.partition("@")[0])
        parts = [part.removesuffix(path.suffix if path.suffix in SUFFIXES else "") for part in reversed(path.parts)]
        telling = [part for part in parts if part not in USUAL]
        return re.sub(r"[^A-Za-z0-9._-]", "-", (telling or parts)[0]).lstrip("._-") or "checkpoint"


def find(written: str) -> Path:
    """A file or folder: of the working directory, beside the code, or ``owner/name[/inside][@revision]`` of the hub's local cache.

    Raises ``InputError`` when it is none of these, or is no file of weights.
    """
    for place in (Path(written), ROOT / written):
        if place.is_dir():
            return place.resolve()
        if place.is_file():
            _require_sound(place, written)
            return place.resolve()
    path, _, revision = written.partition("@")
    parts = path.split("/")
    hub_id = "/".join(parts[:2])
    if path.startswith((".", "/")) or Path(parts[0]).is_dir() or not HUB_ID.fullmatch(hub_id):
        raise InputError(
            f"{written!r}: no such file or folder; allowed: one of weights, or OWNER/NAME of the hub's cache"
        )
    folder = model_folder(hub_id, revision or None)
    inside = folder.path.joinpath(*parts[2:])
    if not inside.exists():
        raise folder.missing(f"{'/'.join(parts[2:])} is missing", "/".join(parts[2:]))
    if inside.is_file():
        _require_sound(inside, written)
    return inside


def _require_sound(file: Path, written: str) -> None:
    if file.suffix not in SUFFIXES:
        raise InputError(
            f"{written!r}: is no file of weights; allowed: {', '.join(f'*{suffix}' for suffix in SUFFIXES)}"
        )
    if (problem := broken_weights(file)) is not None:
        raise InputError(f"{written!r} {problem}")


def content_digest(path: Path) -> str:
    """SHA-256 of a file's content; of a folder that of its files' names and contents, those that decide no picture left out."""
    if path.is_file():
        return _sha256(path, path.stat().st_size, path.stat().st_mtime_ns)
    total = hashlib.sha256()
    for file in sorted(path.rglob("*")):
        if file.is_file() and file.suffix not in IMMATERIAL:
            found = _sha256(file, file.stat().st_size, file.stat().st_mtime_ns)
            total.update(f"{file.relative_to(path)} {found}\n".encode())
    return total.hexdigest()


@lru_cache(maxsize=1024)
def _sha256(file: Path, size: int, changed_ns: int) -> str:
    return file_sha256(file)


def named(written: Any) -> Any:
    """The weights that a text names; anything else is left to the field. Raises ``InputError``."""
    return NamedWeights(written, content_digest(find(written))) if isinstance(written, str) else written


def named_model(written: Any) -> Any:
    """The same of a whole model, a folder or ``owner/name[@revision]``."""
    if not isinstance(written, str):
        return written
    path, _, revision = written.partition("@")
    return NamedWeights(written, digest(path, revision or None))


def _digest(weights: NamedWeights) -> str:
    return f"sha256:{weights.digest}"


_Named = InstanceOf[NamedWeights]
Weights = Annotated[_Named, BeforeValidator(named), PlainSerializer(_digest)]
"""Written as a path or hub id; in a cell's JSON, and so in trial ids, its digest."""
WholeModel = Annotated[_Named, BeforeValidator(named_model), PlainSerializer(_digest)]
"""The same of a whole model."""
