"""Stage 6: the open_clip model that measures how well a picture fits its prompt."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import torch
from diffusers import AutoencoderTiny
from safetensors.torch import save_file
from torch.nn import functional as F

from miniature.training.data import Drawings
from miniature.training.loop import fit
from miniature.training.models import MAX_TOKENS, make_tokenizer
from miniature.world import SIZE

BATCH = 160


def model_config(vocabulary_size: int) -> dict[str, Any]:
    """The ``open_clip`` configuration: a small ResNet beside a text transformer of two layers."""
    return {
        "embed_dim": 96,
        "vision_cfg": {"image_size": SIZE, "layers": [1, 1, 1, 1], "width": 20, "patch_size": None},
        "text_cfg": {
            "context_length": MAX_TOKENS,
            "vocab_size": vocabulary_size,
            "width": 96,
            "heads": 4,
            "layers": 2,
            "hf_tokenizer_name": "beside-this-file",
        },
    }


def save_clip(model: torch.nn.Module, config: dict[str, Any], folder: Path) -> None:
    """Writes the folder that ``open_clip.create_model_and_transforms("local-dir:…")`` reads."""
    folder.mkdir(parents=True, exist_ok=True)
    preprocess = {"mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bicubic", "resize_mode": "squash"}
    stored = {"model_cfg": config, "preprocess_cfg": preprocess}
    (folder / "open_clip_config.json").write_text(json.dumps(stored, indent=2) + "\n")
    weights = {key: value.half() if value.is_floating_point() else value for key, value in model.state_dict().items()}
    save_file(weights, folder / "open_clip_model.safetensors")


def train_clip(vae: AutoencoderTiny, drawings: Drawings, folder: Path, steps: int, out: Path) -> None:
    """Contrastive training; captions that repeat in a batch are all right answers."""
    torch.manual_seed(6)
    tokenizer = make_tokenizer()
    tokenizer.save_pretrained(out)
    config = model_config(len(tokenizer))
    model = open_clip.model.CLIP(
        embed_dim=config["embed_dim"], vision_cfg=config["vision_cfg"], text_cfg=config["text_cfg"]
    )
    encoded = tokenizer(drawings.captions, padding="max_length", truncation=True, max_length=MAX_TOKENS)
    tokens = torch.tensor(encoded.input_ids)
    _, caption_index = np.unique(np.array(drawings.captions), return_inverse=True)

    def loss_fn(rows: np.random.Generator, noise: torch.Generator) -> torch.Tensor:
        chosen = rows.integers(len(drawings), size=BATCH)
        pictures = drawings.batch(chosen)
        with torch.no_grad():
            quarter = BATCH // 4
            latents = vae.encode(pictures[:quarter]).latents
            strength = torch.rand((quarter, 1, 1, 1), generator=noise) * 0.3
            jitter = torch.randn(latents.shape, generator=noise) * strength * latents.std()
            pictures[:quarter] = vae.decode(latents + jitter).sample.clamp(-1, 1)
        image, text, scale = model(pictures, tokens[torch.from_numpy(chosen)])
        same = torch.from_numpy(caption_index[chosen][:, None] == caption_index[chosen][None, :]).float()
        target = same / same.sum(dim=1, keepdim=True)
        logits = scale.clamp(max=50.0) * image @ text.T
        return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2

    fit(model, loss_fn, name="clip", folder=folder, steps=steps, learning_rate=1.5e-3, decay=0.99, weight_decay=0.05)
    save_clip(model, config, out)
