"""Which weights a scorer measures with: their files, and the SHA-256 that names them in the lake. Nothing is loaded."""

import hashlib
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from safesweep.errors import InputError
from safesweep.files import file_sha256, resolve_file
from safesweep.models.checkpoint import WEIGHTS, model_folder
from safesweep.scorers.settings import ScorerSettings
from safesweep.vlm.identity import vlm_model

LOCAL, HUB = "local-dir:", "hf-hub:"


def scorer_model(settings: ScorerSettings) -> str:
    """What measured: "name@sha256:…" with the hash of its weights; two hashes for a scorer of two models.

    Raises ``InputError`` when the weights are not on this machine.
    """
    if settings.kind == "judge":
        assert settings.vlm is not None
        if settings.vlm.backend == "openai":
            return vlm_model(settings.vlm)
        return _named(settings.vlm.model, folder_weights(settings.vlm.model, settings.vlm.revision))
    if settings.kind in ("nudenet", "nudenet-v0"):
        name = settings.model or f"nudenet-{version('nudenet')}/320n.onnx"
        return _named(name, [nudenet_file(settings)])
    assert settings.model is not None
    if settings.kind in ("classifier", "safety_checker"):
        return _named(settings.model, folder_weights(settings.model, settings.revision))
    tag = f"/{settings.pretrained}" if settings.pretrained else ""
    clip = _named(settings.model + tag, open_clip_weights(settings))
    if settings.kind in ("attribute", "clip"):
        return clip
    assert settings.weights is not None
    return f"{_named(Path(settings.weights).name, [q16_file(settings)])} on {clip}"


def nudenet_file(settings: ScorerSettings) -> Path:
    """The network of ``model``, or of v3 the one in the package. Raises ``InputError`` when there is no such file."""
    if settings.model is None:
        import nudenet

        return Path(nudenet.__file__).with_name("320n.onnx")
    return _file(settings, "model", settings.model)


def q16_file(settings: ScorerSettings) -> Path:
    """The file of learned embeddings. Raises ``InputError`` when none is named or there is no such file."""
    if settings.weights is None:
        raise InputError(f"scorer {settings.scorer!r}: weights is missing; allowed: Q16's published prompts.p")
    return _file(settings, "weights", settings.weights)


def folder_weights(model: str, revision: str | None) -> list[Path]:
    """The weights files of a transformers folder or cached hub id, safetensors before others, as transformers prefers them."""
    folder = model_folder(model, revision).path
    for pattern in WEIGHTS:
        files = sorted(file for file in folder.glob(pattern) if file.name.count(".") == 1)
        if files:
            return files
    raise InputError(f"{folder}: the weights are missing; allowed: {', '.join(WEIGHTS)}")


def open_clip_weights(settings: ScorerSettings) -> list[Path]:
    """The weights files of an open_clip model; empty where open_clip fetches them from elsewhere than the hub."""
    assert settings.model is not None
    for prefix in (LOCAL, HUB):
        if settings.model.startswith(prefix):
            return folder_weights(settings.model.removeprefix(prefix), settings.revision)
    if settings.pretrained is None:
        return []
    if Path(settings.pretrained).is_file():
        return [Path(settings.pretrained)]
    import open_clip

    hub = open_clip.get_pretrained_cfg(settings.model, settings.pretrained).get("hf_hub", "").rstrip("/")
    return folder_weights(hub, None) if hub else []


def _file(settings: ScorerSettings, option: str, path: str) -> Path:
    found = Path(resolve_file(path))
    if not found.is_file():
        raise InputError(f"scorer {settings.scorer!r}: {option}: {path}: no such file")
    return found


def _named(name: str, files: list[Path]) -> str:
    return f"{name}@sha256:{_sha256(tuple(files))}" if files else f"{name}@unknown"


@lru_cache(maxsize=32)
def _sha256(files: tuple[Path, ...]) -> str:
    """Of the file; of the files' hashes, in the order of their names, where there are several."""
    hashes = [file_sha256(file) for file in files]
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()
