"""A checkpoint put on a loaded pipeline: a second pipeline that shares every weight which the checkpoint leaves alone."""

import copy
import json
from typing import TYPE_CHECKING, Any

from safesweep.models.variants.checkpoint import Checkpoint
from safesweep.models.variants.keys import plain
from safesweep.models.variants.lora import read_lora
from safesweep.models.variants.parts import Component, read_part
from safesweep.models.variants.weights import NamedWeights

if TYPE_CHECKING:
    from torch import nn

ENCODERS = ("text_encoder", "text_encoder_2")


def put_on(pipe: Any, network: str, checkpoint: Checkpoint) -> Any:
    """A pipeline with the checkpoint's network, text encoder and LoRAs; ``pipe`` and its modules stay as they are, bit for bit.

    ``network``: the pipeline's component that denoises. Raises ``InputError`` as ``check_checkpoints`` does.
    """
    for weights in (checkpoint.network, checkpoint.text_encoder, *(lora.path for lora in checkpoint.loras)):
        if weights is not None:
            weights.require_same()
    made = copy.copy(pipe)
    for part, weights in ((network, checkpoint.network), (ENCODERS[0], checkpoint.text_encoder)):
        if weights is not None:
            setattr(made, part, with_weights(getattr(pipe, part), part, weights))
    if checkpoint.loras:
        for part in (network, *ENCODERS):
            if getattr(made, part, None) is not None:
                setattr(made, part, second(getattr(made, part)))
        _add_loras(made, network, checkpoint)
    return made


def second(module: "nn.Module") -> "nn.Module":
    """A module of its own that shares the weights of ``module``: what is added to it or replaced in it is not seen there."""
    return copy.deepcopy(module, {id(weight): weight for weight in module.parameters()})


def with_weights(module: Any, part: str, weights: NamedWeights) -> Any:
    """A second ``module`` with some of its weights replaced, in the type and the layout in memory that they had."""
    own = module.state_dict()
    names = {plain(name): name for name in own}
    config = module.config.to_dict() if part == ENCODERS[0] else json.loads(module.to_json_string())
    shapes = {short: tuple(own[name].shape) for short, name in names.items()}
    state = read_part(weights, Component(part, config, shapes))
    made = second(module)
    replaced = {}
    for short, value in state.items():
        new = own[names[short]].clone()
        new.copy_(value)
        replaced[names[short]] = new
    made.load_state_dict(replaced, strict=False, assign=True)
    return made


def _add_loras(pipe: Any, network: str, checkpoint: Checkpoint) -> None:
    names, denoiser = [], getattr(pipe, network)
    for place, lora in enumerate(checkpoint.loras):
        name, read = f"lora_{place}", read_lora(lora.path)
        if read.state is None:
            pipe.load_lora_weights(
                str(read.file.parent),
                weight_name=read.file.name,
                adapter_name=name,
                use_safetensors=True,
                local_files_only=True,
            )
        else:
            denoiser.load_lora_adapter(read.state, prefix=None, adapter_name=name, metadata=read.metadata)
        names.append(name)
    pipe.set_adapters(names, [lora.scale for lora in checkpoint.loras])
    for part in (network, *ENCODERS):
        module: Any = getattr(pipe, part, None)
        for layer, weight in module.named_parameters() if module is not None else ():
            if "lora_" in layer:  # the others are the base's
                weight.data = weight.data.to(module.dtype)
