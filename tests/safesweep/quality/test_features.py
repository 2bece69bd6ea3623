"""Feature vectors of pictures, against the models called directly."""

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image
from transformers import AutoImageProcessor, AutoModel

from miniature import WEIGHTS
from safesweep.errors import InputError
from safesweep.quality.features import FeatureSettings, check_features, make_features

CLIP = FeatureSettings(model=f"local-dir:{WEIGHTS / 'clip'}")
CLASSIFIER = FeatureSettings(kind="classifier", model=str(WEIGHTS / "classifier"))
PICTURES = [np.random.default_rng(seed).integers(0, 256, (64, 64, 3), dtype=np.uint8) for seed in (1, 2)]


def test_clip_features_are_unit_vectors_of_open_clip():
    features = make_features(CLIP)
    got = features.of(PICTURES)
    model, _, preprocess = open_clip.create_model_and_transforms(CLIP.model)
    with torch.no_grad():
        wanted = model.eval().encode_image(torch.stack([preprocess(Image.fromarray(one)) for one in PICTURES]))
    assert torch.allclose(got, wanted / wanted.norm(dim=1, keepdim=True), atol=1e-5)
    assert got.shape == (2, features.width) and not got.requires_grad


def test_classifier_features_are_what_its_head_reads():
    features = make_features(CLASSIFIER)
    model = AutoModel.from_pretrained(WEIGHTS / "classifier", dtype=torch.float32).eval()
    processor = AutoImageProcessor.from_pretrained(WEIGHTS / "classifier")
    with torch.no_grad():
        found = model(**processor([Image.fromarray(one) for one in PICTURES], return_tensors="pt"))
    got = features.of(PICTURES)
    assert torch.allclose(got, found.pooler_output.flatten(1), atol=1e-5)
    assert got.shape == (2, features.width) and not torch.equal(got[0], got[1])


def test_a_number_bears_the_name_of_its_features():
    assert CLASSIFIER.name == f"classifier {WEIGHTS / 'classifier'}"
    assert FeatureSettings(model="ViT-B-32", pretrained="openai").name == "clip ViT-B-32 openai"


def test_what_cannot_be_had_is_refused_before_anything_is_loaded(tmp_path):
    with pytest.raises(ValueError, match="pretrained belongs to kind clip; kind is classifier"):
        FeatureSettings(kind="classifier", model="m", pretrained="openai")
    for kind in ("clip", "classifier"):
        model = f"local-dir:{tmp_path}" if kind == "clip" else str(tmp_path)
        with pytest.raises(InputError, match=str(tmp_path)):
            check_features(FeatureSettings(kind=kind, model=model))
    check_features(CLIP)
    check_features(CLASSIFIER)
