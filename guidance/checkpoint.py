"""Model folders: found, checked for what they must hold, and named by a digest, before any of them is loaded."""

import hashlib
import json
import re
from functools import lru_cache
from pathlib import Path

from guidance.errors import InputError, did_you_mean

ROOT = Path(__file__).resolve().parents[1]
"""The repository (or site-packages) that relative folders of presets start from when the working directory has none."""
HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
WEIGHTS = ("*.safetensors", "*.bin", "*.pt", "*.pth")


def resolve(path: str) -> str:
    """A local folder as an absolute path, or a hub id unchanged.

    Relative folders are looked for in the working directory, then beside the code, so that the same preset works on every node.
    Raises ``InputError`` when it is neither a folder nor of the form of a hub id.
    """
    for candidate in (Path(path), ROOT / path):
        if candidate.is_dir():
            return str(candidate.resolve())
    if HUB_ID.fullmatch(path):
        return path
    raise InputError(f"model folder {path!r} does not exist; allowed: a local folder or a hub id such as 'owner/name'")


def resolve_file(path: str) -> str:
    """A file's path: as it is, or, where the working directory has no such file, beside the code if it is there."""
    return path if Path(path).exists() or not (ROOT / path).is_file() else str(ROOT / path)


def is_local(resolved: str) -> bool:
    """Whether ``resolve`` found a folder."""
    return Path(resolved).is_dir()


def _require(folder: Path, name: str, what: str) -> None:
    if not (folder / name).is_file():
        found = sorted(entry.name for entry in folder.iterdir())
        raise InputError(f"{folder}: {what} is missing: no {name}; found: {', '.join(found) or 'nothing'}")


def _require_weights(folder: Path) -> None:
    if not any(next(folder.glob(pattern), None) for pattern in WEIGHTS):
        raise InputError(f"{folder}: the weights are missing; allowed: {', '.join(WEIGHTS)}")


def check_pipeline(path: str) -> None:
    """Checks that a local diffusers pipeline has every component that its ``model_index.json`` names.

    Raises ``InputError`` naming the folder and the component. A hub id is left to the hub.
    """
    resolved = resolve(path)
    if not is_local(resolved):
        return
    folder = Path(resolved)
    _require(folder, "model_index.json", "the pipeline's index")
    index = json.loads((folder / "model_index.json").read_text())
    needed = ("vae", "text_encoder", "tokenizer", "unet", "scheduler")
    for component in needed:
        if component not in index:
            raise InputError(
                f"{folder}/model_index.json: component {component!r} is not named; needed: {', '.join(needed)}"
            )
        part = folder / component
        if not part.is_dir():
            raise InputError(f"{folder}: component {component!r} is missing: no folder {component}/")
        if component == "scheduler":
            _require(part, "scheduler_config.json", "the scheduler's config")
        elif component == "tokenizer":
            _require(part, "tokenizer_config.json", "the tokenizer's config")
        else:
            _require(part, "config.json", f"the config of {component!r}")
            _require_weights(part)


def check_transformers(path: str, *files: str) -> None:
    """Checks that a local transformers folder has its config, weights, and the further ``files`` (names of preprocessors).

    Raises ``InputError`` naming the folder and the file. A hub id is left to the hub.
    """
    resolved = resolve(path)
    if not is_local(resolved):
        return
    folder = Path(resolved)
    _require(folder, "config.json", "the model's config")
    _require_weights(folder)
    for name in files:
        _require(folder, name, "a preprocessor")


def check_open_clip(model: str) -> None:
    """Checks an open_clip model name: ``local-dir:FOLDER`` with its config and weights, ``hf-hub:…``, or a name it knows.

    Raises ``InputError``.
    """
    if model.startswith("local-dir:"):
        folder = Path(resolve(model.removeprefix("local-dir:")))
        _require(folder, "open_clip_config.json", "the model's config")
        _require_weights(folder)
        return
    if model.startswith("hf-hub:"):
        return
    import open_clip

    known = open_clip.list_models()
    if model not in known:
        raise InputError(f"open_clip knows no model {model!r}{did_you_mean(model, known)}")


@lru_cache(maxsize=32)
def digest(path: str) -> str:
    """Content hash of a model, 16 hexadecimal digits: of every file of a local folder, or of the cached snapshot's commit.

    Raises ``InputError`` for a hub id that is not in the local cache.
    """
    prefix, _, rest = path.partition(":") if path.startswith(("local-dir:", "hf-hub:")) else ("", "", path)
    resolved = resolve(rest)
    if not is_local(resolved):
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import LocalEntryNotFoundError

        try:
            return Path(snapshot_download(resolved, local_files_only=True)).name[:16]
        except LocalEntryNotFoundError as error:
            raise InputError(
                f"model {resolved!r} is neither a folder nor in the local hub cache; "
                f"fetch it with `hf download {resolved}` on every node, or give a folder"
            ) from error
    total = hashlib.sha256(prefix.encode())
    for file in sorted(Path(resolved).rglob("*")):
        if file.is_file() and file.suffix not in (".md", ".png"):
            total.update(str(file.relative_to(resolved)).encode())
            with file.open("rb") as stream:
                total.update(hashlib.file_digest(stream, "sha256").digest())
    return total.hexdigest()[:16]
