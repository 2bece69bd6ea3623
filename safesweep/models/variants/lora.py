"""LoRAs in the layouts of diffusers, peft and kohya: read by diffusers, and held against the base's weights before it is loaded."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from safesweep.errors import InputError
from safesweep.models.variants.keys import plain
from safesweep.models.variants.parts import Component, lora_file
from safesweep.models.variants.state import read_state
from safesweep.models.variants.weights import NamedWeights

if TYPE_CHECKING:
    import torch

PEFT = "base_model.model."
"""Before the names of a model that peft saved."""
LAYER = re.compile(r"^(?P<module>.+?)[._]lora(?:_linear_layer)?[._](?P<side>A|B|down|up)(?:\.\w+)?\.weight$")
MARKS = (
    "lora_unet_",
    "lora_te",
    "lora_transformer_",
    "transformer.",
    "unet.",
    "text_encoder",
    "diffusion_model.",
    "lycoris_",
)
"""How the names of a LoRA begin that say which component they are for."""


class LoraFile(NamedTuple):
    """A LoRA as it is handed to diffusers."""

    file: Path
    state: "dict[str, torch.Tensor] | None"
    """The network's own, without its name in front; ``None``: the pipeline reads the file."""
    metadata: Mapping[str, Any] | None
    """peft's config of the same, where the file's header has none."""


def read_lora(weights: NamedWeights) -> LoraFile:
    """A LoRA's file; of one that names no component (``save_lora_adapter``, peft) its tensors, which are the network's.

    Raises ``InputError``.
    """
    file = lora_file(weights.path, weights.written)
    if file.suffix != ".safetensors":
        raise InputError(f"{weights.written}: a LoRA is a *.safetensors file; found {file.name}")
    names = read_state([file], "", shapes=True)
    if any(name.startswith(MARKS) for name in names):
        return LoraFile(file, None, None)
    state = {name.removeprefix(PEFT): value for name, value in read_state([file], "").items()}
    return LoraFile(file, state, _peft_config(file))


def _peft_config(file: Path) -> Mapping[str, Any] | None:
    beside = file.parent / "adapter_config.json"
    if beside.is_file():
        written = json.loads(beside.read_text())
        kept = (
            "r",
            "lora_alpha",
            "target_modules",
            "rank_pattern",
            "alpha_pattern",
            "use_rslora",
            "use_dora",
            "lora_bias",
        )
        return {key: written[key] for key in kept if key in written}
    from safetensors import safe_open

    with safe_open(file, framework="pt") as opened:
        kept_in_file = (opened.metadata() or {}).get("lora_adapter_metadata")
    return json.loads(kept_in_file) if kept_in_file else None


def check_lora(weights: NamedWeights, pipeline: str, network: Component, encoders: Mapping[str, Component]) -> None:
    """Holds every layer of a LoRA against the base's weights; nothing but the LoRA itself is loaded.

    ``pipeline``: name of the base's diffusers class. Raises ``InputError`` in one line for a class that takes none, and for a layer that
    the base has not, or has in another shape: it was made for another family.
    """
    import diffusers

    kind: Any = getattr(diffusers, pipeline, None) or diffusers.StableDiffusionPipeline
    if not hasattr(kind, "lora_state_dict"):
        raise InputError(f"{weights.written}: {pipeline} takes no LoRAs")
    read = read_lora(weights)
    if read.state is not None:
        state: Mapping[str, Any] = {f"{network.part}.{name}": value for name, value in read.state.items()}
    else:
        try:
            found = kind.lora_state_dict(str(read.file), unet_config=None, use_safetensors=True, local_files_only=True)
        except Exception as error:  # whatever diffusers stumbles over in a stranger's file
            raise InputError(
                f"{weights.written}: diffusers reads no LoRA in it: {type(error).__name__}: {error}"
            ) from error
        # those of UNets give alphas beside it
        state = found[0] if isinstance(found, tuple) else found
    components = {network.part: network, **encoders}
    layers = 0
    for name, value in state.items():
        part, _, rest = name.partition(".")
        layer = LAYER.match(rest.replace(".processor.", "."))
        if layer is None or part not in components:
            continue
        layers += 1
        _check_layer(weights.written, components[part], layer["module"], layer["side"], tuple(value.shape))
    if not layers:
        raise InputError(
            f"{weights.written}: is no LoRA of {' or '.join(components)}: found {next(iter(state), 'nothing')!r}"
        )


def _check_layer(where: str, component: Component, module: str, side: str, shape: tuple[int, ...]) -> None:
    module = re.sub(r"to_out$", "to_out.0", plain(module))
    weight = component.shapes.get(f"{module}.weight")
    if weight is None:
        raise InputError(
            f"{where}: has a layer for {component.part}'s {module}, which the base has not; is it for another family?"
        )
    inner = side in ("A", "down")
    own, base = (shape[1], weight[1]) if inner else (shape[0], weight[0])
    if own != base:
        words = "inputs" if inner else "outputs"
        raise InputError(
            f"{where}: its layer for {component.part}'s {module} has {own} {words}; allowed: the base's, {base}; is it for another family?"
        )
