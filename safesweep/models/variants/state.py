"""State dicts of published checkpoints: read as they lie, whole or their shapes alone, and freed of what they are wrapped in."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safesweep.errors import InputError
from safesweep.models.checkpoint import SHARD, WEIGHTS
from safesweep.models.safetensors_header import broken_weights, tensor_shapes

if TYPE_CHECKING:
    import torch

State = dict[str, "torch.Tensor"]
WRAPPERS = ("state_dict", "model_state_dict", "model", "params")
"""Keys under which training scripts save a state dict among other things."""


def weight_files(folder: Path) -> list[Path]:
    """The files that a component's weights are in: safetensors where there are any, variants such as ``….fp16.…`` left out.

    Raises ``InputError`` when there are none, or one is broken.
    """
    found = [file for pattern in WEIGHTS for file in sorted(folder.glob(pattern)) if file.name.count(".") == 1]
    safe = [file for file in found if file.suffix == ".safetensors"]
    chosen = safe or found
    whole = [file for file in chosen if not SHARD.search(file.name)]
    chosen = whole or chosen
    if not chosen:
        raise InputError(f"{folder}: has no weights; allowed: {', '.join(WEIGHTS)}")
    for file in chosen:
        if (problem := broken_weights(file)) is not None:
            raise InputError(f"{file} {problem}")
    return chosen


def read_state(files: list[Path], part: str, *, shapes: bool = False) -> State:
    """The tensors of some files together; with ``shapes`` without their numbers, on torch's meta device.

    ``part``: of a file with several components, the one that is wanted ("unet", "text_encoder"). Raises ``InputError`` for a file that
    holds anything else than tensors: nothing of it is run.
    """
    state: State = {}
    for file in files:
        state.update(
            _read_safetensors(file, shapes) if file.suffix == ".safetensors" else _read_pickle(file, part, shapes)
        )
    return state


def _read_safetensors(file: Path, shapes: bool) -> State:
    import torch

    if shapes:
        return {name: torch.empty(shape, device="meta") for name, shape in tensor_shapes(file).items()}
    from safetensors.torch import load_file

    return dict(load_file(file))


def _read_pickle(file: Path, part: str, shapes: bool) -> State:
    import torch

    try:
        read: Any = torch.load(file, map_location="meta" if shapes else "cpu", weights_only=True)
    except Exception as error:  # torch raises whatever the unpickler stumbles over
        raise InputError(
            f"{file}: cannot be read as tensors alone, and nothing else is loaded: {_first_line(error)}"
        ) from None
    while isinstance(read, Mapping) and (inner := _inside(read, part)) is not None:
        read = inner
    if not isinstance(read, Mapping):
        raise InputError(f"{file}: is a {type(read).__name__}; allowed: a state dict, name -> tensor")
    return {str(name): value for name, value in read.items() if isinstance(value, torch.Tensor)}


def _inside(read: Mapping[Any, Any], part: str) -> Any:
    return next((read[key] for key in (part, *WRAPPERS) if isinstance(read.get(key), Mapping)), None)


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:160] if lines else 'no reason given'}"


def read_config(folder: Path) -> dict[str, Any]:
    """The component's ``config.json``; empty where there is none."""
    file = folder / "config.json"
    return dict(json.loads(file.read_text())) if file.is_file() else {}
