"""The whole family with random weights, saved as training saves it: what loads it cannot tell the difference."""

from pathlib import Path

import open_clip
import pytest
import torch

from miniature.training.classifier import image_processor
from miniature.training.clip import model_config, save_clip
from miniature.training.models import make_classifier
from miniature.training.vlm import make_processor, make_vlm
from tests.random_models import random_pipeline


@pytest.fixture(scope="session")
def random_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    weights = tmp_path_factory.mktemp("weights")
    pipe = random_pipeline()
    pipe.to(torch.float16).save_pretrained(weights / "diffusion", safe_serialization=True)
    make_classifier().half().save_pretrained(weights / "classifier")
    image_processor().save_pretrained(weights / "classifier")
    processor = make_processor()
    make_vlm(processor).half().save_pretrained(weights / "vlm")
    processor.save_pretrained(weights / "vlm")
    pipe.tokenizer.save_pretrained(weights / "clip")
    config = model_config(len(pipe.tokenizer))
    clip = open_clip.model.CLIP(config["embed_dim"], config["vision_cfg"], config["text_cfg"])
    save_clip(clip, config, weights / "clip")
    return weights
