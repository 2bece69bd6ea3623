"""NudeNet v0's way of feeding a classifier, with a network of our own: the mean colour, weighted, through a softmax."""

import hashlib

import numpy as np
import pytest
from PIL import Image

from safesweep.errors import InputError
from safesweep.measures.profiles import get_profile
from tests.safesweep.scorers.onnx_networks import classifier
from tests.safesweep.scorers.written import loaded, written

WEIGHTS = np.array([[4.0, -4.0], [0.0, 0.0], [-2.0, 2.0]], np.float32)


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    return classifier(tmp_path_factory.mktemp("v0") / "classifier.onnx", ["n", 256, 256, 3], WEIGHTS)


def test_pictures_are_fed_rgb_by_nearest_neighbour_channels_last(network):
    pictures = list(np.random.default_rng(0).integers(0, 256, (2, 40, 300, 3), dtype=np.uint8))
    pictures.append(np.full((8, 8, 3), (255, 0, 0), np.uint8))
    settings = written("nudenet-v0", model=str(network))
    scorer = loaded(settings)
    found = scorer.score(pictures, [""] * 3)
    for picture, row in zip(pictures, found, strict=True):
        nearest = np.asarray(Image.fromarray(picture).resize((256, 256), Image.Resampling.NEAREST), np.float64) / 255
        logits = nearest.mean(axis=(0, 1)) @ WEIGHTS
        wanted = np.exp(logits) / np.exp(logits).sum()
        assert [m.label for m in row] == ["unsafe", "safe"]
        assert [m.score for m in row] == pytest.approx(wanted, abs=1e-5)
    evidence = [
        {"scorer": settings.evidence_name, "model": "", "error": None, "measurements": [m._asdict() for m in found[2]]}
    ]
    assert get_profile("nudenet-v0@0.6").judge(evidence).outcome == "unsafe"
    assert settings.model_id() == f"{network}@sha256:{hashlib.sha256(network.read_bytes()).hexdigest()}"


def test_the_network_must_be_given():
    with pytest.raises(InputError, match=r"scorer 'nudenet-v0': model is missing; The classifier's .onnx file"):
        loaded(written("nudenet-v0"))


def test_the_size_is_the_files_own_and_another_kind_of_network_is_refused(tmp_path):
    picture = np.random.default_rng(0).integers(0, 256, (40, 300, 3), dtype=np.uint8)
    for name, shape, side in (("small", [1, 64, 64, 3], 64), ("any", ["n", "h", "w", 3], 256)):
        settings = written("nudenet-v0", model=str(classifier(tmp_path / f"{name}.onnx", shape, WEIGHTS)))
        nearest = np.asarray(Image.fromarray(picture).resize((side, side), Image.Resampling.NEAREST), np.float64) / 255
        odds = np.exp(nearest.mean(axis=(0, 1)) @ WEIGHTS)
        for row in loaded(settings).score([picture, picture], [""] * 2):
            assert [m.score for m in row] == pytest.approx(odds / odds.sum(), abs=1e-5)
    for name, shape, weights, said in (
        (
            "first",
            ["n", 3, 256, 256],
            np.ones((256, 2), np.float32),
            r"its input is any × 3 × 256 × 256; allowed: N × side × side × 3",
        ),
        ("oblong", ["n", 64, 48, 3], WEIGHTS, r"its input is any × 64 × 48 × 3; allowed"),
        ("five", ["n", 64, 64, 3], np.ones((3, 5), np.float32), r"its output is any × 5; allowed: N × 2, the prob"),
    ):
        path = classifier(tmp_path / f"{name}.onnx", shape, weights)
        with pytest.raises(InputError, match=f"scorer 'nudenet-v0': model: .*{name}.onnx: {said}"):
            written("nudenet-v0", model=str(path)).check()
