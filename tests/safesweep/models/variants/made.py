"""Checkpoints of random weights in the layouts that are published, made from the tiny pipeline of the tests."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import torch
from diffusers import StableDiffusionPipeline
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict
from safetensors.torch import save_file

from safesweep.models.stable_diffusion import StableDiffusion
from safesweep.models.variants.checkpoint import Checkpoint
from tests.safesweep.tiny import tiny_pipeline

RANK = 2
State = dict[str, torch.Tensor]


def changed_pipeline(seed: int = 1) -> StableDiffusionPipeline:
    """The tiny pipeline with other weights in its network and its text encoder."""
    pipe = tiny_pipeline()
    drawn = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for part in (pipe.unet, pipe.text_encoder):
            for weight in part.parameters():
                weight += 0.05 * torch.randn(weight.shape, generator=drawn)
    return pipe


@cache
def base_model() -> StableDiffusion:
    """One for all tests of a process; no checkpoint may change it."""
    return StableDiffusion(tiny_pipeline())


def noise_of(model: Any, text: str = "a red circle") -> torch.Tensor:
    """What a model predicts of fixed latents, [1, C, H, W]."""
    latents = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(5))
    predicted: torch.Tensor = model.noise(latents, torch.tensor([500.0]), [model.embed(text)])
    return predicted


def lora_pipeline(seed: int = 3) -> StableDiffusionPipeline:
    """The tiny pipeline with a LoRA on its attention, alpha twice the rank."""
    pipe = tiny_pipeline()
    pipe.unet.add_adapter(LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules=["to_q", "to_k", "to_v", "to_out.0"]))
    drawn = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in pipe.unet.named_parameters():
            if "lora_" in name:
                weight.copy_(0.3 * torch.randn(weight.shape, generator=drawn))
    return pipe


def save_lora(folder: Path, seed: int = 3) -> Path:
    """As diffusers' pipelines save it."""
    pipe = lora_pipeline(seed)
    layers = get_peft_model_state_dict(pipe.unet)
    metadata = {"r": RANK, "lora_alpha": 2 * RANK, "target_modules": ["to_k", "to_out.0", "to_q", "to_v"]}
    pipe.save_lora_weights(folder, unet_lora_layers=layers, unet_lora_adapter_metadata=metadata)
    return folder


def kohya_lora(file: Path, seed: int = 3) -> Path:
    """The same layers in kohya's names, with their alpha."""
    state: State = {}
    for name, weight in get_peft_model_state_dict(lora_pipeline(seed).unet).items():
        module, _, side = name.removesuffix(".weight").rpartition(".lora_")
        short = f"lora_unet_{module.replace('.', '_')}"
        state[f"{short}.lora_{'down' if side == 'A' else 'up'}.weight"] = weight.contiguous()
        state[f"{short}.alpha"] = torch.tensor(float(2 * RANK))
    save_file(state, file)
    return file


def peft_lora(folder: Path, seed: int = 3) -> Path:
    """The same as peft saves an adapter: its own names and config."""
    pipe = lora_pipeline(seed)
    folder.mkdir(parents=True)
    state = {f"base_model.model.{name}": weight for name, weight in get_peft_model_state_dict(pipe.unet).items()}
    save_file({name: weight.contiguous() for name, weight in state.items()}, folder / "adapter_model.safetensors")
    pipe.unet.peft_config["default"].save_pretrained(str(folder))
    return folder


Layout = Callable[[Path, State], Path]


def _torch(name: str, wrap: Callable[[State], Any]) -> Layout:
    def save(folder: Path, state: State) -> Path:
        torch.save(wrap(state), folder / name)
        return folder / name

    return save


def _safe(folder: Path, state: State) -> Path:
    save_file({name: weight.contiguous().clone() for name, weight in state.items()}, folder / "uce.safetensors")
    return folder / "uce.safetensors"


def prefixed(prefix: str) -> Callable[[State], State]:
    """Every name with ``prefix`` in front."""
    return lambda state: {prefix + name: weight for name, weight in state.items()}


def original(state: State) -> State:
    """The tiny network's tensors in Stable Diffusion's first repository's names, by its published correspondence (CompVis, ldm/modules)."""
    places = {
        "conv_in": "input_blocks.0.0",
        "time_embedding.linear_1": "time_embed.0",
        "time_embedding.linear_2": "time_embed.2",
        "conv_norm_out": "out.0",
        "conv_out": "out.2",
        "down_blocks.0.resnets.0": "input_blocks.1.0",
        "down_blocks.0.attentions.0": "input_blocks.1.1",
        "down_blocks.0.downsamplers.0.conv": "input_blocks.2.0.op",
        "down_blocks.1.resnets.0": "input_blocks.3.0",
        "mid_block.resnets.0": "middle_block.0",
        "mid_block.attentions.0": "middle_block.1",
        "mid_block.resnets.1": "middle_block.2",
        "up_blocks.0.resnets.0": "output_blocks.0.0",
        "up_blocks.0.resnets.1": "output_blocks.1.0",
        "up_blocks.0.upsamplers.0.conv": "output_blocks.1.1.conv",
        "up_blocks.1.resnets.0": "output_blocks.2.0",
        "up_blocks.1.attentions.0": "output_blocks.2.1",
        "up_blocks.1.resnets.1": "output_blocks.3.0",
        "up_blocks.1.attentions.1": "output_blocks.3.1",
    }
    inside = {
        "norm1": "in_layers.0",
        "conv1": "in_layers.2",
        "time_emb_proj": "emb_layers.1",
        "norm2": "out_layers.0",
        "conv2": "out_layers.3",
        "conv_shortcut": "skip_connection",
    }
    made = {}
    for name, weight in state.items():
        place = next(one for one in sorted(places, key=len, reverse=True) if name.startswith(one + "."))
        rest = name.removeprefix(place + ".")
        if ".resnets." in f".{place}.":
            layer, _, kind = rest.rpartition(".")
            rest = f"{inside[layer]}.{kind}"
        made[f"model.diffusion_model.{places[place]}.{rest}"] = weight
    return made


def cross_attention(state: State) -> State:
    """What ESD-x and UCE publish: keys and values of cross-attention alone."""
    return {name: weight for name, weight in state.items() if "attn2.to_k" in name or "attn2.to_v" in name}


NETWORKS: dict[str, Layout] = {
    "ESD, a state dict": _torch("esd.pt", lambda state: state),
    "ESD-x, some weights": _torch("esd-x.pt", cross_attention),
    "UCE, some weights in safetensors": lambda folder, state: _safe(folder, cross_attention(state)),
    "RECE, a wrapped state dict": _torch("rece.ckpt", lambda state: {"state_dict": state, "epoch": torch.tensor(3)}),
    "of several GPUs": _torch("parallel.pth", prefixed("module.")),
    "with the component's name": _torch("named.bin", prefixed("unet.")),
    "the original repository's names": _torch("ldm.ckpt", lambda state: {"state_dict": original(state)}),
}
"""A network's published layouts but for folders, which diffusers writes itself."""


def checkpoint(**parts: Any) -> Checkpoint:
    """A checkpoint of paths."""
    return Checkpoint.model_validate(
        {name: str(part) if isinstance(part, Path) else part for name, part in parts.items()}
    )
