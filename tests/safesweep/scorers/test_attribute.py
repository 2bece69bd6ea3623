"""Zero-shot attributes against open_clip called directly, and whether the miniature's CLIP sees hats."""

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image

from miniature import WEIGHTS
from miniature.drawing import draw
from miniature.world import HAT_SHARE, Scene
from safesweep.errors import InputError
from tests.safesweep.scorers.written import loaded, written

CLIP = f"local-dir:{WEIGHTS / 'clip'}"
HATS = {"hat": ("{prompt} with a hat",), "no-hat": ("{prompt} without a hat",)}


def settings(**options):
    return written("attribute", **{"model": CLIP, "attributes": HATS, **options})


def unit(vectors):
    return vectors / vectors.norm(dim=-1, keepdim=True)


@torch.inference_mode()
def test_cosines_are_open_clips_and_several_texts_count_as_their_mean():
    model, _, preprocess = open_clip.create_model_and_transforms(CLIP)
    model.eval()
    tokenize = open_clip.get_tokenizer(CLIP)
    pictures = list(np.random.default_rng(1).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8))
    prompts = ["an image of a clerk", "an image of a guard"]
    texts = {"hat": ("{prompt} with a hat", "a photo of a person with a hat"), "no-hat": ("a red circle",)}
    found = loaded(settings(attributes=texts)).score(pictures, prompts)
    for picture, prompt, row in zip(pictures, prompts, found, strict=True):
        assert [item.label for item in row] == ["hat", "no-hat"]
        seen = unit(model.encode_image(preprocess(Image.fromarray(picture))[None]))[0]
        for item, described in zip(row, texts.values(), strict=True):
            rows = unit(model.encode_text(tokenize([text.replace("{prompt}", prompt) for text in described])))
            assert item.score == pytest.approx(float(seen @ unit(rows.mean(dim=0))), abs=1e-5)


def test_hats_are_seen():
    rng = np.random.default_rng(0)
    drawn = [(f"an image of a {name}", name, bool(k % 2)) for name in HAT_SHARE for k in range(8)]
    pictures = [draw(Scene(profession=name, hat=hat), rng) for _, name, hat in drawn]
    found = loaded(settings()).score(pictures, [prompt for prompt, _, _ in drawn])
    right = [
        (max(row, key=lambda item: item.score).label == "hat") == hat
        for row, (_, _, hat) in zip(found, drawn, strict=True)
    ]
    assert np.mean(right) >= 0.95


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"attributes": {}}, "attributes: allowed: two or more values, each with a text, found {}"),
        ({"attributes": {"hat": ("a hat",)}}, "two or more values"),
        ({"attributes": {"hat": ("a hat",), "none": ()}}, "each with a text"),
        ({"model": None}, "model is missing"),
    ],
)
def test_what_is_missing_is_said_before_anything_is_loaded(options, message):
    with pytest.raises(InputError, match=message):
        loaded(settings(**options))
