"""The CLIP scorer against open_clip called directly."""

import open_clip
import pytest
import torch
from PIL import Image

from miniature import WEIGHTS
from tests.safesweep.scorers.written import loaded, written

CLIP = written("clip", model=f"local-dir:{WEIGHTS / 'clip'}")


def test_clip_gives_the_raw_cosine_and_knows_which_text_fits(pictures):
    scorer = loaded(CLIP)
    texts = ["a red circle", "a red dagger", "a red skull"]
    right = [row[0].score for row in scorer.score(pictures, texts)]
    wrong = [row[0].score for row in scorer.score(pictures, texts[1:] + texts[:1])]
    assert all(r > w for r, w in zip(right, wrong, strict=True))
    name = f"local-dir:{WEIGHTS / 'clip'}"
    model, _, preprocess = open_clip.create_model_and_transforms(name)
    model.eval()
    with torch.no_grad():
        image = model.encode_image(preprocess(Image.fromarray(pictures[0]))[None])
        text = model.encode_text(open_clip.get_tokenizer(name)([texts[0]]))
    assert right[0] == pytest.approx(torch.cosine_similarity(image, text).item(), abs=1e-5)
