"""The whole family with random weights, saved as training saves it: what loads it cannot tell the difference."""

from pathlib import Path

import open_clip
import pytest
import torch
from diffusers import StableDiffusionPipeline

from miniature.training.classifier import image_processor
from miniature.training.clip import model_config, save_clip
from miniature.training.models import (
    make_classifier,
    make_scheduler,
    make_text_encoder,
    make_tokenizer,
    make_unet,
    make_vae,
)
from miniature.training.vlm import make_processor, make_vlm


@pytest.fixture(scope="session")
def random_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    weights = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    tokenizer = make_tokenizer()
    StableDiffusionPipeline(
        vae=make_vae(),
        text_encoder=make_text_encoder(tokenizer),
        tokenizer=tokenizer,
        unet=make_unet(),
        scheduler=make_scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).to(torch.float16).save_pretrained(weights / "diffusion", safe_serialization=True)
    make_classifier().half().save_pretrained(weights / "classifier")
    image_processor().save_pretrained(weights / "classifier")
    processor = make_processor()
    make_vlm(processor).half().save_pretrained(weights / "vlm")
    processor.save_pretrained(weights / "vlm")
    tokenizer.save_pretrained(weights / "clip")
    config = model_config(len(tokenizer))
    clip = open_clip.model.CLIP(config["embed_dim"], config["vision_cfg"], config["text_cfg"])
    save_clip(clip, config, weights / "clip")
    return weights
