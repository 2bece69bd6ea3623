"""What can be known of a cell's checkpoint before a model is loaded: headers are read, and of LoRAs the files."""

from collections.abc import Iterable
from functools import partial
from typing import Any

from safesweep.errors import InputError
from safesweep.models import check_pipeline, family_of
from safesweep.models.checkpoint import ModelFolder, model_folder
from safesweep.models.variants.checkpoint import Checkpoint
from safesweep.models.variants.lora import check_lora
from safesweep.models.variants.parts import Component, read_part

ENCODER = "text_encoder"


def whole_model(base: str, revision: str | None, checkpoint: Checkpoint | None) -> tuple[str, str | None]:
    """(model, revision) that a cell's other parts are put on: the checkpoint's, or the base."""
    if checkpoint is None or checkpoint.model is None:
        return base, revision
    path, _, own = checkpoint.model.written.partition("@")
    return path, own or None


def check_checkpoints(base: str, revision: str | None, checkpoints: Iterable[Checkpoint | None]) -> None:
    """Checks each checkpoint against the base (folder or hub id), which must have passed ``check_pipeline``.

    Raises ``InputError`` in one line that names the checkpoint, the file and the tensor or key, with what is allowed.
    """
    for checkpoint in dict.fromkeys(checkpoints):
        if checkpoint is not None:
            try:
                _check(base, revision, checkpoint)
            except InputError as error:
                raise InputError(f"checkpoint {checkpoint.name!r}: {error}") from error


def _check(base: str, revision: str | None, checkpoint: Checkpoint) -> None:
    family, (path, own) = family_of(base, revision), whole_model(base, revision, checkpoint)
    network: str | None = getattr(family, "NETWORK", None)
    if network is None:
        raise InputError(f"{family.__name__} is a family that takes none")
    if checkpoint.model is not None:
        check_pipeline(path, own)
        other = family_of(path, own)
        if other is not family:
            raise InputError(f"model {path} is of the family {other.__name__}; allowed: the base's, {family.__name__}")
    folder = model_folder(path, own)
    component = partial(Component.of, folder)
    if checkpoint.network is not None:
        read_part(checkpoint.network, component(network), shapes=True)
    if checkpoint.text_encoder is not None:
        read_part(checkpoint.text_encoder, component(ENCODER), shapes=True)
    if checkpoint.loras:
        encoders = {part: component(part) for part in _encoders(folder)}
        for lora in checkpoint.loras:
            check_lora(lora.path, str(_index(folder).get("_class_name")), component(network), encoders)


def _encoders(folder: ModelFolder) -> list[str]:
    return [part for part in _index(folder) if part.startswith(ENCODER) and (folder.path / part).is_dir()]


def _index(folder: ModelFolder) -> dict[str, Any]:
    return folder.read("model_index.json")
