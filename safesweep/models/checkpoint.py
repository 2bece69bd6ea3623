"""Model folders: found, checked for what they must hold, and named by a digest, before any of them is loaded."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from safesweep.errors import InputError, did_you_mean
from safesweep.files import ROOT
from safesweep.models.safetensors_header import broken_weights

HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
MOST_TOKENS = 1_000_000
"""Of a text; what tokenizers without a limit name is beyond it."""
WEIGHTS = ("*.safetensors", "*.bin", "*.pt", "*.pth")
SHARD = re.compile(r"-\d+-of-\d+\.")
"""In the name of one file of several that weights are split into."""


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


def is_local(resolved: str) -> bool:
    """Whether ``resolve`` found a folder."""
    return Path(resolved).is_dir()


class ModelFolder(NamedTuple):
    """A model's files on this machine: a user's folder, or the snapshot of a hub id in the local cache."""

    path: Path
    hub_id: str | None = None
    revision: str | None = None

    def require(self, name: str, what: str) -> None:
        """Raises ``InputError`` when ``name`` (relative to the folder) is not there."""
        if not (self.path / name).is_file():
            parent = (self.path / name).parent
            found = sorted(entry.name for entry in parent.iterdir()) if parent.is_dir() else []
            raise self.missing(f"{what} is missing: no {name}; found: {', '.join(found) or 'nothing'}", name)

    def read(self, name: str) -> dict[str, Any]:
        """The JSON object in file ``name``."""
        return dict(json.loads((self.path / name).read_text()))

    def require_weights(self, part: str = "") -> None:
        """Raises ``InputError`` when the weights of component ``part`` are not there, or not all of the files that they are split into."""
        folder = self.path / part
        where = f"{part}/" if part else ""
        # a further dot makes a variant such as "….fp16.safetensors", which is loaded only on request
        names = (file.name for pattern in WEIGHTS for file in folder.glob(pattern) if file.name.count(".") == 1)
        whole = [name for name in names if not SHARD.search(name)]
        if whole:
            self._require_sound(folder, whole)
            return
        split = [self._shards(index) for index in folder.glob("*.index.json") if index.name.count(".") == 3]
        lacking = [[name for name in names if not (folder / name).is_file()] for names in split]
        for absent, shards in zip(lacking, split, strict=True):
            if not absent:
                self._require_sound(folder, shards)
                return
        for absent, shards in zip(lacking, split, strict=True):
            if len(absent) < len(shards):
                raise self.missing(f"a part of the weights is missing: no {where}{absent[0]}", where + absent[0])
        allowed = ", ".join(where + pattern for pattern in WEIGHTS)
        raise self.missing(f"the weights are missing; allowed: {allowed}", f"{where}*.safetensors")

    def _require_sound(self, folder: Path, names: Sequence[str]) -> None:
        """Raises ``InputError`` for a pointer of Git LFS, and for a safetensors file that is cut or none; only headers are read.

        Beside safetensors files those of other formats are not loaded, so they may be anything.
        """
        for name in [name for name in names if name.endswith(".safetensors")] or names:
            problem = broken_weights(folder / name)
            if problem is not None:
                relative = str((folder / name).relative_to(self.path))
                raise self.missing(f"{relative} {problem}", relative)

    def require_length(self, part: str) -> None:
        """Raises ``InputError`` when the tokenizer in ``part`` does not say how many tokens a text may have: it would pad without end."""
        config = f"{part}/tokenizer_config.json"
        length = self.read(config).get("model_max_length")
        if not isinstance(length, int) or not 0 < length <= MOST_TOKENS:
            raise InputError(
                f"{self.path / config}: model_max_length is {length}; allowed: the tokens that the text encoder takes, e.g. 77"
            )

    @staticmethod
    def _shards(index: Path) -> list[str]:
        return sorted(set(json.loads(index.read_text())["weight_map"].values()))

    def missing(self, problem: str, wanted: str) -> InputError:
        """The error for a file that is not there; for a hub id it says how to fetch it."""
        if self.hub_id is None:
            return InputError(f"{self.path}: {problem}")
        include = f'--include "{wanted}"' if "*" in wanted else wanted
        command = fetch_command(self.hub_id, self.revision, include)
        return InputError(
            f"{self.hub_id} in the hub cache {self.path}: {problem}; fetch it with {command} on every node"
        )


def fetch_command(hub_id: str, revision: str | None, *what: str) -> str:
    """The command that brings a model, or of it the files ``what``, into the hub cache."""
    pinned = ["--revision", revision] if revision else []
    return f"`{' '.join(['hf download', hub_id, *pinned, *what])}`"


def model_folder(path: str, revision: str | None = None) -> ModelFolder:
    """Where a model's files are on this machine; the network is never asked.

    Raises ``InputError`` when ``path`` is neither a folder nor a hub id, or the hub id is not in the local cache (``HF_HOME``).
    """
    resolved = resolve(path)
    if is_local(resolved):
        return ModelFolder(Path(resolved))
    from huggingface_hub import constants, snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        snapshot = snapshot_download(resolved, revision=revision, local_files_only=True)
    except LocalEntryNotFoundError as error:
        pinned = f" at revision {revision}" if revision else ""
        raise InputError(
            f"model {resolved!r}{pinned} is neither a folder nor in the local hub cache {constants.HF_HUB_CACHE}; "
            f"fetch it with {fetch_command(resolved, revision)} on every node, or give a folder"
        ) from error
    return ModelFolder(Path(str(snapshot)), resolved, revision)


def require_components(folder: ModelFolder, index: Mapping[str, Any], components: Sequence[str]) -> None:
    """Checks that a diffusers pipeline names every one of ``components`` in its ``index``, and has its config and weights.

    Raises ``InputError`` naming the folder and the component, and for a hub id the command that fetches what is missing.
    """
    for component in components:
        if not index.get(component, [None])[0]:
            raise InputError(
                f"{folder.path}/model_index.json: component {component!r} is not named; needed: {', '.join(components)}"
            )
        if not (folder.path / component).is_dir():
            raise folder.missing(f"component {component!r} is missing: no folder {component}/", f"{component}/*")
        if component == "scheduler":
            folder.require(f"{component}/scheduler_config.json", "the scheduler's config")
        elif component.startswith("tokenizer"):
            folder.require(f"{component}/tokenizer_config.json", "the tokenizer's config")
            folder.require_length(component)
        else:
            folder.require(f"{component}/config.json", f"the config of {component!r}")
            folder.require_weights(component)


def check_transformers(path: str, *files: str, revision: str | None = None) -> None:
    """Checks that a transformers model on this machine has its config, weights, and the further ``files`` (names of preprocessors).

    Raises ``InputError`` naming the folder and the file, and for a hub id the command that fetches it.
    """
    folder = model_folder(path, revision)
    folder.require("config.json", "the model's config")
    folder.require_weights()
    for name in files:
        folder.require(name, "a preprocessor")


def check_open_clip(model: str, pretrained: str | None = None) -> None:
    """Checks an open_clip model: ``local-dir:FOLDER`` or ``hf-hub:ID`` with config and weights, or a name and a tag that it knows.

    Raises ``InputError``; for weights that are not on this machine it says how to fetch them.
    """
    for prefix in ("local-dir:", "hf-hub:"):
        if model.startswith(prefix):
            folder = model_folder(model.removeprefix(prefix))
            folder.require("open_clip_config.json", "the model's config")
            folder.require_weights()
            _refuse_code(folder)
            return
    import open_clip

    known = open_clip.list_models()
    if model not in known:
        raise InputError(f"open_clip knows no model {model!r}{did_you_mean(model, known)}")
    if pretrained is not None and Path(pretrained).is_file():
        if (problem := broken_weights(Path(pretrained))) is not None:
            raise InputError(f"{pretrained} {problem}")
        return
    tags = open_clip.list_pretrained_tags_by_model(model)
    if pretrained not in tags:
        raise InputError(
            f"open_clip model {model!r} has no weights {pretrained!r}; allowed: a file, {', '.join(tags)}"
            f"{did_you_mean(pretrained or '', tags)}"
        )
    tag = open_clip.get_pretrained_cfg(model, pretrained)
    _require_activation(model, str(pretrained), bool(tag.get("quick_gelu", False)))
    hub_id = tag.get("hf_hub", "").rstrip("/")
    if hub_id:
        model_folder(hub_id).require_weights()


def _refuse_code(folder: ModelFolder) -> None:
    """open_clip hands what its config says on to transformers, ``trust_remote_code`` too, and lets it ask on the terminal."""
    for name in ("open_clip_config.json", "tokenizer_config.json", "config.json"):
        if not (folder.path / name).is_file():
            continue
        for word in ("trust_remote_code", "auto_map"):
            if f'"{word}"' in json.dumps(folder.read(name)):
                raise InputError(f"{folder.path / name}: {word}: the folder brings code of its own, which is never run")


def _require_activation(model: str, pretrained: str, quick: bool) -> None:
    """open_clip only warns where weights were trained with the other activation than the model's, and gives other embeddings."""
    import open_clip

    if bool((open_clip.get_model_config(model) or {}).get("quick_gelu", False)) == quick:
        return
    suffix = "-quickgelu"
    other = model + suffix if quick else model.removesuffix(suffix)
    trained, built = ("QuickGELU", "GELU") if quick else ("GELU", "QuickGELU")
    raise InputError(
        f"open_clip weights {pretrained!r} were trained with {trained}, model {model!r} computes {built}; "
        f"allowed: model {other!r}"
    )


@lru_cache(maxsize=32)
def digest(path: str, revision: str | None = None) -> str:
    """Content hash of a model, 16 hexadecimal digits: of every file of a local folder, or of the cached snapshot's commit.

    Raises ``InputError`` for a hub id that is not in the local cache.
    """
    prefix, _, rest = path.partition(":") if path.startswith(("local-dir:", "hf-hub:")) else ("", "", path)
    folder = model_folder(rest, revision)
    if folder.hub_id is not None:
        return folder.path.name[:16]
    total = hashlib.sha256(prefix.encode())
    for file in sorted(folder.path.rglob("*")):
        if file.is_file() and file.suffix not in (".md", ".png"):
            total.update(str(file.relative_to(folder.path)).encode())
            with file.open("rb") as stream:
                total.update(hashlib.file_digest(stream, "sha256").digest())
    return total.hexdigest()[:16]
