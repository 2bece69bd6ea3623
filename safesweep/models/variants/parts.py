"""The new weights of one of the base's components: found, renamed, and held against the base's, whole or their shapes alone."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from safesweep.errors import InputError
from safesweep.models.checkpoint import ModelFolder
from safesweep.models.variants.keys import converter, plain, renamed
from safesweep.models.variants.state import State, read_config, read_state, weight_files
from safesweep.models.variants.weights import NamedWeights

Shapes = Mapping[str, tuple[int, ...]]
UNDECIDING = (
    "sample_size",
    "dropout",
    "attention_dropout",
    "gradient_checkpointing",
    "torch_dtype",
    "dtype",
    "architectures",
)
"""Keys of a component's config in which another's may differ."""


class Component(NamedTuple):
    """A component of the base."""

    part: str
    """Its folder: "unet", "text_encoder"."""
    config: Mapping[str, Any]
    shapes: Shapes
    """``plain`` name -> shape."""

    @classmethod
    def of(cls, base: ModelFolder, part: str) -> "Component":
        """From a checkpoint's folder; of the weights only headers are read. Raises ``InputError``."""
        state = read_state(weight_files(base.path / part), part, shapes=True)
        return cls(
            part, read_config(base.path / part), {plain(name): tuple(value.shape) for name, value in state.items()}
        )


def read_part(weights: NamedWeights, component: Component, *, shapes: bool = False) -> State:
    """The new tensors under the base's (``plain``) names; with ``shapes`` without their numbers.

    Raises ``InputError`` in one line for another class or config than the base's, for a tensor that the base has not, for one of another
    shape, and where nothing is the base's.
    """
    path, where = weights.path, weights.written
    folder = path / component.part if (path / component.part).is_dir() else path
    if folder.is_dir():
        _check_config(read_config(folder), component, where)
    state = read_state(weight_files(folder) if folder.is_dir() else [path], component.part, shapes=shapes)
    known = set(component.shapes)
    kind = str(component.config.get("_class_name", ""))
    found = renamed(state, known, converter(kind, component.config) if kind else None)
    foreign = [name for name in found if name not in known]
    if len(foreign) == len(found):
        example = f", such as {next(iter(state))!r}" if state else ""
        raise InputError(f"{where}: none of its {len(state)} tensors is one of the base's {component.part}{example}")
    if foreign:
        raise InputError(
            f"{where}: {len(foreign)} of its {len(found)} tensors are none of the base's {component.part}, such as {foreign[0]!r}"
        )
    for name, value in found.items():
        if tuple(value.shape) != component.shapes[name]:
            raise InputError(
                f"{where}: {name} has the shape {list(value.shape)}; allowed: the base's, {list(component.shapes[name])}"
            )
    return found


def _check_config(own: Mapping[str, Any], component: Component, where: str) -> None:
    """What is no shape may make another network of the same weights."""
    for key in ("_class_name", *own):
        if (
            key in UNDECIDING
            or (key.startswith("_") and key != "_class_name")
            or key.endswith(("_token_id", "_version"))
        ):
            continue
        if key in own and key in component.config and own[key] != component.config[key]:
            raise InputError(
                f"{where}: {component.part}/config.json: {key} is {own[key]!r}; allowed: the base's, {component.config[key]!r}"
            )


def lora_file(path: Path, written: str) -> Path:
    """The file of a LoRA: itself, or in a folder diffusers', peft's, or the only one.

    Raises ``InputError`` for a folder with none or several.
    """
    if path.is_file():
        return path
    for name in ("pytorch_lora_weights.safetensors", "adapter_model.safetensors"):
        if (path / name).is_file():
            return path / name
    found = sorted(file.name for file in path.glob("*.safetensors"))
    if len(found) != 1:
        raise InputError(
            f"{written}: holds {', '.join(found) or 'no safetensors file'}; allowed: one LoRA, or name the file"
        )
    return path / found[0]
