"""The differentiable CLIP against open_clip's own preprocessing, and how it is named."""

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image

from miniature import WEIGHTS
from safesweep.errors import InputError
from safesweep.guidance.concept_clip import ConceptClip, _preprocessed

FOLDER = WEIGHTS / "clip"
NAME = f"local-dir:{FOLDER}"
CONCEPTS = ("a red dagger", "a blue key")


@pytest.fixture(scope="module")
def own():
    model, _, preprocess = open_clip.create_model_and_transforms(NAME)
    return model.eval(), preprocess, open_clip.get_tokenizer(NAME)


def pictures(side: int) -> list[np.ndarray]:
    """Smooth ones, as pictures are: on noise two ways of resizing differ."""
    chance = np.random.default_rng(0)
    small = [Image.fromarray(chance.integers(0, 256, (4, 4, 3), dtype=np.uint8)) for _ in range(3)]
    return [np.asarray(one.resize((side, side), Image.Resampling.BICUBIC)) for one in small]


@pytest.mark.parametrize(("side", "within"), [(64, 1e-5), (96, 0.01), (48, 0.01)])
def test_cosines_are_open_clips_and_the_nearest_concept_counts(own, side, within):
    model, preprocess, tokenizer = own
    made = pictures(side)
    with torch.inference_mode():
        features = model.encode_image(torch.stack([preprocess(Image.fromarray(one)) for one in made]), normalize=True)
        wanted = (features @ model.encode_text(tokenizer(list(CONCEPTS)), normalize=True).T).amax(dim=1)
    given = torch.from_numpy(np.stack(made)).permute(0, 3, 1, 2).float() / 127.5 - 1
    given.requires_grad_(True)
    got = ConceptClip.named(NAME).nearest(given, CONCEPTS)
    assert torch.allclose(got, wanted, atol=within)
    got.sum().backward()
    assert all(float(row.abs().sum()) > 0 for row in given.grad)


def test_the_middle_is_cut_out_where_the_model_does_so(own):
    visual = own[0].visual
    kept = visual.preprocess_cfg
    visual.preprocess_cfg = {**kept, "resize_mode": "shortest"}
    try:
        wide = torch.zeros(1, 3, 64, 128)
        wide[..., 32:96] = 1.0
        assert torch.equal(_preprocessed(wide, visual), torch.ones(1, 3, 64, 64))
    finally:
        visual.preprocess_cfg = kept


def test_it_is_named_by_the_content_of_its_folder(tmp_path):
    link = tmp_path / "elsewhere"
    link.symlink_to(FOLDER)
    clip = ConceptClip.named(NAME)
    assert clip == ConceptClip.named(f"local-dir:{link}") and clip != ConceptClip(NAME, "another")
    for name, said in (("ViT-B-32", "allowed: local-dir:FOLDER or hf-hub:ID"), (f"local-dir:{tmp_path}", "open_clip")):
        with pytest.raises(InputError, match=said) as found:
            ConceptClip.named(name)
        assert "\n" not in str(found.value)
