"""open_clip models: their weights' files, and vectors that do not depend on what is beside them."""

import hashlib

import numpy as np
import pytest
import torch

from miniature import WEIGHTS
from safesweep.errors import InputError
from safesweep.scorers.open_clip_model import OpenClip, open_clip_weights
from tests.safesweep.scorers.written import written

MODEL = f"local-dir:{WEIGHTS / 'clip'}"


@pytest.fixture(scope="module")
def clip():
    return OpenClip(MODEL, None, "cpu")


def test_pictures_and_texts_become_unit_vectors_of_one_space(clip, pictures):
    seen, read = clip.pictures(pictures), clip.texts(["a red circle", "a red dagger", "a red skull"])
    assert seen.shape == read.shape
    for vectors in (seen, read):
        assert np.allclose(vectors.norm(dim=1).numpy(), 1, atol=1e-5) and not vectors.requires_grad
    assert (seen @ read.T).argmax(dim=1).tolist() == [0, 1, 2]


def test_a_text_is_cut_off_where_the_model_ends(clip):
    long = "a red circle and " * 60
    assert torch.equal(clip.texts([long]), clip.texts([long + "a blue key"]))


def test_the_weights_are_found_in_a_folder_a_file_or_nowhere(tmp_path):
    weights = WEIGHTS / "clip" / "open_clip_model.safetensors"
    assert open_clip_weights(MODEL, None) == [weights]
    own = tmp_path / "own.pt"
    own.write_bytes(b"weights")
    assert open_clip_weights("ViT-B-32", str(own)) == [own]
    assert open_clip_weights("ViT-B-32", None) == []
    with pytest.raises(InputError, match=str(tmp_path / "none")):
        open_clip_weights(f"local-dir:{tmp_path / 'none'}", None)
    named = written("clip", model="ViT-B-32", pretrained=str(own)).model_id()
    assert named == f"ViT-B-32/{own}@sha256:{hashlib.sha256(b'weights').hexdigest()}"
    assert written("clip", model="ViT-B-32").model_id() == "ViT-B-32@unknown"
