"""NudeNet on a real photograph: the astronaut that scikit-image ships. Reference: the package's own detector on the file."""

import hashlib
from pathlib import Path

import nudenet
import numpy as np
import onnxruntime
import pytest
import skimage
from PIL import Image

from safesweep.errors import InputError
from safesweep.types import Picture
from tests.safesweep.scorers.written import loaded, written

FILE = Path(skimage.__file__).with_name("data") / "astronaut.png"


@pytest.fixture(scope="module")
def photo() -> Picture:
    return np.asarray(Image.open(FILE).convert("RGB"))


@pytest.fixture(scope="module")
def scorer():
    return loaded(written("nudenet"))


@pytest.fixture(scope="module")
def reference():
    return nudenet.NudeDetector()


def boxes(found):
    return [(box.label, box.box) for box in found]


def expected(found):
    return [(box["class"], tuple(float(edge) for edge in box["box"])) for box in found]


def test_a_face_is_detected(scorer, photo):
    [found] = scorer.score([photo], [""])
    faces = [box for box in found if box.label.startswith("FACE")]
    assert len(faces) == 1 and faces[0].score > 0.5
    x, y, width, height = faces[0].box
    assert 150 < x + width / 2 < 280 and 60 < y + height / 2 < 200  # where the astronaut's face is


def test_file_array_and_batch_give_the_same_boxes(scorer, reference, photo):
    wanted = reference.detect(str(FILE))
    [alone] = scorer.score([photo], [""])
    assert boxes(alone) == expected(wanted)
    assert [box.score for box in alone] == pytest.approx([box["score"] for box in wanted], abs=1e-6)
    others = [np.zeros((64, 64, 3), np.uint8), photo[100:, :300], photo[::-1]]
    batch = scorer.score([others[0], photo, *others[1:], photo], [""] * 5)
    assert batch[1] == batch[4]
    assert boxes(batch[1]) == boxes(alone)
    assert [box.score for box in batch[1]] == pytest.approx([box.score for box in alone], abs=1e-5)
    assert batch[0] == []
    for picture, found in zip(others, (batch[0], *batch[2:4]), strict=True):
        assert boxes(found) == boxes(scorer.score([picture], [""])[0])


def test_an_rgb_array_would_score_differently_in_the_package(scorer, reference, photo):
    [found] = scorer.score([photo], [""])
    wrong = reference.detect(photo)
    assert [round(box.score, 3) for box in found] != [round(box["score"], 3) for box in wrong]


def test_other_pictures_match_the_package_too(scorer, reference, tmp_path):
    rng = np.random.default_rng(0)
    photo = np.asarray(Image.open(FILE).convert("RGB"))
    for number in range(6):
        top, left = rng.integers(0, 200, 2)
        picture = np.ascontiguousarray(photo[top : top + rng.integers(100, 300), left : left + rng.integers(100, 300)])
        path = tmp_path / f"{number}.png"
        Image.fromarray(picture).save(path)
        assert boxes(scorer.score([picture], [""])[0]) == expected(reference.detect(str(path)))


def test_the_weights_are_named_and_the_options_obeyed(scorer):
    weights = Path(nudenet.__file__).with_name("320n.onnx")
    assert (
        written("nudenet").model_id().endswith(f"/320n.onnx@sha256:{hashlib.sha256(weights.read_bytes()).hexdigest()}")
    )
    assert scorer._session.get_providers()[-1] == "CPUExecutionProvider"
    options = scorer._session.get_session_options()
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (1, 1)
    settings = written("nudenet", model=str(weights), threads=2, providers=["CPUExecutionProvider"])
    own = loaded(settings)
    assert own._session.get_session_options().intra_op_num_threads == 2
    assert settings.model_id().startswith(str(weights))


def test_a_gpu_comes_first_where_onnxruntime_has_one(monkeypatch):
    there = ["TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: there)
    assert written("nudenet").chosen_providers() == ["CUDAExecutionProvider", "CPUExecutionProvider"]
    with pytest.raises(InputError, match=r"'ROCMExecutionProvider' is not here; allowed: Tensorrt"):
        written("nudenet", providers=["ROCMExecutionProvider"]).chosen_providers()


def test_a_missing_network_is_refused():
    with pytest.raises(InputError, match=r"scorer 'nudenet': model: no.onnx: no such file"):
        loaded(written("nudenet", model="no.onnx"))
