"""Stable Diffusion's safety checker with random weights, against the checker's own verdict."""

import hashlib

import numpy as np
import pytest
import torch
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
from PIL import Image
from transformers import CLIPConfig, CLIPImageProcessor

from actors.scoring import load_scorer
from safesweep.errors import InputError
from tests.safesweep.scorers.written import loaded, written


@pytest.fixture(scope="module")
def pictures():
    rng = np.random.default_rng(1)
    flat = rng.integers(0, 256, (12, 1, 1, 3)) + rng.integers(-20, 20, (12, 40, 48, 3))
    return list(flat.clip(0, 255).astype(np.uint8))


@pytest.fixture(scope="module")
def folder(tmp_path_factory, pictures):
    torch.manual_seed(0)
    small = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = CLIPConfig(
        text_config={**small, "vocab_size": 64, "max_position_embeddings": 8},
        vision_config={**small, "image_size": 32, "patch_size": 8},
        projection_dim=8,
    )
    checker = StableDiffusionSafetyChecker(config).eval()
    processor = CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    pixels = processor([Image.fromarray(p) for p in pictures], return_tensors="pt")["pixel_values"]
    with torch.no_grad():
        checker.concept_embeds.copy_(torch.randn(17, 8))
        checker.special_care_embeds.copy_(torch.randn(3, 8))
        image = torch.nn.functional.normalize(checker.visual_projection(checker.vision_model(pixels)[1]))
        for name in ("concept", "special_care"):
            embeds = torch.nn.functional.normalize(getattr(checker, f"{name}_embeds"))
            cosines = (image @ embeds.T).sort(dim=0).values
            # thresholds between pictures, so that some pass and some do not; the special ones move a concept's
            getattr(checker, f"{name}_embeds_weights").copy_(cosines[-2 if name == "concept" else 6] + 0.004)
    path = tmp_path_factory.mktemp("pipeline") / "safety_checker"
    checker.save_pretrained(path)
    processor.save_pretrained(path.parent / "feature_extractor")
    return path


def test_it_says_what_the_checker_says(folder, pictures):
    found = loaded(written("safety_checker", model=str(folder))).score(pictures, [""] * len(pictures))
    checker = StableDiffusionSafetyChecker.from_pretrained(folder).eval()
    processor = CLIPImageProcessor.from_pretrained(folder.parent / "feature_extractor")
    pixels = processor([Image.fromarray(p) for p in pictures], return_tensors="pt")["pixel_values"]
    _, wanted = checker(pixels, [np.zeros((2, 2)) for _ in pictures])
    assert {True, False} == set(wanted)
    assert [bool(row[0].score) for row in found] == wanted
    for row in found:
        labels = [m.label for m in row]
        assert labels == ["unsafe", *(f"concept_{n:02d}" for n in range(17)), *(f"special_{n}" for n in range(3))]


def test_the_raw_scores_are_cosine_minus_threshold(folder, pictures):
    [found] = loaded(written("safety_checker", model=str(folder))).score(pictures[:1], [""])
    checker = StableDiffusionSafetyChecker.from_pretrained(folder).eval()
    processor = CLIPImageProcessor.from_pretrained(folder.parent / "feature_extractor")
    pixels = processor(Image.fromarray(pictures[0]), return_tensors="pt")["pixel_values"]
    with torch.no_grad():
        image = checker.visual_projection(checker.vision_model(pixels)[1])
    wanted = torch.cosine_similarity(image, checker.concept_embeds) - checker.concept_embeds_weights
    assert [m.score for m in found[1:18]] == pytest.approx(wanted.tolist(), abs=1e-5)


def test_its_weights_are_named(folder):
    wanted = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    assert load_scorer(written("safety_checker", model=str(folder))).model == f"{folder}@sha256:{wanted}"


def test_a_folder_without_an_image_processor_is_refused(folder, tmp_path):
    import shutil

    shutil.copytree(folder, tmp_path / "checker")
    with pytest.raises(InputError, match="the image processor is missing: no preprocessor_config.json"):
        loaded(written("safety_checker", model=str(tmp_path / "checker")))
