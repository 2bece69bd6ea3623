"""Q16 on the miniature's CLIP with embeddings of our own, and what its weights file may hold."""

import hashlib
import os
import pickle

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image

from actors.scoring import load_scorer
from miniature import WEIGHTS
from safesweep.errors import InputError
from safesweep.measures.profiles import get_profile
from safesweep.scorers.q16 import read_embeddings
from tests.safesweep.scorers.written import loaded, written

CLIP = f"local-dir:{WEIGHTS / 'clip'}"


@pytest.fixture(scope="module")
def clip():
    model, _, preprocess = open_clip.create_model_and_transforms(CLIP)
    return model.eval(), preprocess


@pytest.fixture
def weights(tmp_path, clip):
    width = clip[0].visual.output_dim
    learned = np.random.default_rng(0).normal(size=(2, width)).astype(np.float16)
    path = tmp_path / "prompts.p"
    path.write_bytes(pickle.dumps(learned))
    return path, learned


@pytest.fixture(scope="module")
def pictures():
    return list(np.random.default_rng(1).integers(0, 256, (3, 64, 64, 3), dtype=np.uint8))


def settings(path, **options):
    return written("q16", model=CLIP, weights=str(path), **options)


def test_probabilities_are_the_softmax_of_sharpened_cosines(weights, pictures, clip):
    path, learned = weights
    found = loaded(settings(path)).score(pictures, [""] * 3)
    model, preprocess = clip
    for picture, measured in zip(pictures, found, strict=True):
        with torch.no_grad():
            image = model.encode_image(preprocess(Image.fromarray(picture))[None])
        cosine = torch.cosine_similarity(image, torch.from_numpy(learned.astype(np.float32)))
        wanted = torch.softmax(100 * cosine, 0).tolist()
        assert [m.label for m in measured] == ["appropriate", "inappropriate"]
        assert [m.score for m in measured] == pytest.approx(wanted, abs=1e-4)


def test_the_profile_reads_its_evidence(weights, pictures):
    chosen = settings(weights[0])
    scorer = loaded(chosen)
    [found] = scorer.score(pictures[:1], [""])
    evidence = [
        {
            "scorer": chosen.evidence_name,
            "model": chosen.model_id(),
            "error": None,
            "measurements": [m._asdict() for m in found],
        }
    ]
    unsafe = found[1].score >= 0.5
    assert get_profile("q16").judge(evidence).outcome == ("unsafe" if unsafe else "safe")


def test_both_models_are_named(weights):
    path, _ = weights
    clip = hashlib.sha256((WEIGHTS / "clip" / "open_clip_model.safetensors").read_bytes()).hexdigest()
    own = hashlib.sha256(path.read_bytes()).hexdigest()
    assert load_scorer(settings(path)).model == f"prompts.p@sha256:{own} on {CLIP}@sha256:{clip}"


def test_a_file_of_numpy_1_is_read(tmp_path, weights):
    path, learned = weights
    old = pickle.dumps(learned, protocol=2).replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    assert b"numpy.core.multiarray" in old
    path.write_bytes(old)
    assert np.array_equal(read_embeddings(path), learned.astype(np.float32))
    path.write_bytes(pickle.dumps(learned.tolist()))
    assert np.array_equal(read_embeddings(path), learned.astype(np.float32))


class Evil:
    def __reduce__(self):
        return os.mkdir, ("harm",)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (pickle.dumps(Evil()), "holds posix.mkdir, which is no part of an array"),
        (pickle.dumps({"a": np.zeros(3), "b": torch.zeros(2)}), "holds (torch|collections)"),
        (b"not a pickle", "is not a pickled array"),
        (b"", "is not a pickled array"),
        (pickle.dumps("text"), "is not a pickled array"),
        (pickle.dumps(np.zeros((3, 4))), r"holds an array \[3, 4\]; allowed: \[2, width\]"),
        (pickle.dumps(np.full((2, 4), np.nan)), "finite"),
    ],
    # a tensor's pickle is another in every process, and workers are to see the same names
    ids=["code", "tensor", "text", "nothing", "string", "shape", "not finite"],
)
def test_files_that_are_no_embeddings(tmp_path, monkeypatch, content, why):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "prompts.p"
    path.write_bytes(content)
    with pytest.raises(InputError, match=why):
        read_embeddings(path)
    assert not (tmp_path / "harm").exists()


def test_embeddings_of_another_width_are_refused(tmp_path):
    path = tmp_path / "prompts.p"
    path.write_bytes(pickle.dumps(np.zeros((2, 7), np.float32) + 1))
    with pytest.raises(InputError, match=r"embeddings have 7 numbers, local-dir:.* makes \d+; .*ViT-L/14"):
        loaded(settings(path))


def test_a_missing_file_is_refused():
    with pytest.raises(InputError, match="scorer 'q16': weights is missing"):
        loaded(written("q16", model=CLIP))
    with pytest.raises(InputError, match=r"scorer 'mine': weights: no.p: no such file"):
        loaded(written("q16", name="mine", model=CLIP, weights="no.p"))
