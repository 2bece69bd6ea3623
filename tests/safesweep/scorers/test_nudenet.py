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
from safesweep.measures.profiles import PROFILES, Profile, Rule, get_profile
from safesweep.scorers.nudenet import boxes as found_boxes
from safesweep.scorers.nudenet import labels
from safesweep.types import Picture
from tests.safesweep.scorers.onnx_networks import detector
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


PACKAGE_CUT = 0.25


def boxes(found):
    """Those that the package keeps as well."""
    return [(box.label, box.box) for box in found if box.score > PACKAGE_CUT]


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
    kept = [box.score for box in alone if box.score > PACKAGE_CUT]
    assert kept == pytest.approx([box["score"] for box in wanted], abs=1e-6)
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


def test_other_pictures_match_the_package_too_but_for_boxes_that_it_cannot_keep(scorer, reference, tmp_path):
    rng = np.random.default_rng(0)
    photo = np.asarray(Image.open(FILE).convert("RGB"))
    below = []
    for number in range(6):
        top, left = rng.integers(0, 200, 2)
        picture = np.ascontiguousarray(photo[top : top + rng.integers(100, 300), left : left + rng.integers(100, 300)])
        path = tmp_path / f"{number}.png"
        Image.fromarray(picture).save(path)
        [found] = scorer.score([picture], [""])
        assert boxes(found) == expected(reference.detect(str(path)))
        below += [box.score for box in found if box.score < PACKAGE_CUT]
    assert below and min(below) >= 0.2


@pytest.mark.parametrize("threshold", [0.2, 0.1, 0.02])
@pytest.mark.parametrize("size", [(320, 320), (512, 300), (97, 160)])
def test_lower_boxes_never_take_one_that_was_kept(threshold, size):
    """Crowded candidates, so that suppression has much to do; the package sees what ours sees."""
    rng = np.random.default_rng([int(1000 * threshold), *size])
    taken = 0
    for _ in range(20):
        out_FK = np.concatenate(
            [rng.uniform(0, 320, (2, 60)), rng.uniform(20, 200, (2, 60)), rng.uniform(0, 0.4, (18, 60))]
        )
        out_FK[4:] *= rng.uniform(0, 1, 60)
        out_FK = out_FK.astype(np.float32)
        pads = [max(size) - side for side in size]
        wanted = nudenet.nudenet._postprocess([out_FK[None]], *pads, 1.0, 1.0, *size, 320, 320)
        found = found_boxes(out_FK, 320, size, threshold)
        assert boxes(found) == expected(wanted)
        assert [box.score for box in found if box.score > PACKAGE_CUT] == [box["score"] for box in wanted]
        assert all(box.score >= threshold for box in found)
        assert [box.score for box in found] == sorted((box.score for box in found), reverse=True)
        taken += len(found) - len(wanted)
    assert taken > 0


def test_a_box_at_the_threshold_is_kept_and_judged_and_one_below_is_not():
    part = labels().index("FEMALE_BREAST_EXPOSED")
    for score, outcome, count in ((0.2, "unsafe", 1), (0.1999, "safe", 0), (0.24, "unsafe", 1)):
        out_FK = np.zeros((22, 3), np.float32)
        out_FK[:4, 0], out_FK[4 + part, 0] = (100, 100, 50, 50), score
        found = found_boxes(out_FK, 320, (320, 320), 0.2)
        assert [(box.label, box.box) for box in found] == [("FEMALE_BREAST_EXPOSED", (75.0, 75.0, 50.0, 50.0))] * count
        seen = [{"label": box.label, "score": box.score, "box": box.box} for box in found]
        evidence = [{"scorer": "nudenet", "model": "m", "error": None, "measurements": seen}]
        assert get_profile("nudenet-3@0.2").judge(evidence).outcome == outcome


def test_the_threshold_is_the_lowest_of_the_profiles_those_of_plugins_too(monkeypatch):
    asked = [rule.threshold for name in PROFILES for rule in PROFILES[name].rules if rule.kind == "detector"]
    assert written("nudenet").threshold == written("nudenet").keeps_from == min(asked) == 0.2
    assert written("nudenet", threshold=0.4).threshold == 0.4
    monkeypatch.setattr(PROFILES, "_entries", dict(PROFILES._entries))
    PROFILES.add("wide", Profile("wide", (Rule("nudenet", ("FEET_EXPOSED",), 0.05, "detector"),), "this test"))
    PROFILES.add("guns", Profile("guns", (Rule("weapons", ("gun",), 0.01, "classifier"),), "this test"))
    assert written("nudenet").threshold == 0.05


def test_the_weights_are_named_and_the_options_obeyed(scorer):
    weights = Path(nudenet.__file__).with_name("320n.onnx")
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    assert written("nudenet").model_id().endswith(f"/320n.onnx@sha256:{digest} (boxes from 0.2, 320 px)")
    other = written("nudenet", threshold=0.1, resolution=640).model_id()
    assert other.endswith(f"@sha256:{digest} (boxes from 0.1, 640 px)")
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


PLACE = (32.0, 32.0, 16.0, 16.0)


@pytest.mark.parametrize("shape", [["n", 3, 64, 64], [1, 3, 64, 64]])
def test_a_file_of_another_fixed_size_is_fed_that_size(tmp_path, shape):
    settings = written("nudenet", model=str(detector(tmp_path / "small.onnx", shape, PLACE)))
    scorer = loaded(settings)
    bright, dark = np.full((128, 128, 3), 204, np.uint8), np.zeros((96, 128, 3), np.uint8)
    first, second, third = scorer.score([bright, dark, bright], [""] * 3)
    # 16 pixels of 64 around the middle are 32 of the picture's 128
    [box] = first
    assert box.box == (48, 48, 32, 32) and box.score == pytest.approx(0.8, abs=1e-5) and third == first
    assert second == []
    assert settings.model_dump()["resolution"] == 64 and written("nudenet").model_dump()["resolution"] == 320


@pytest.mark.parametrize(
    ("shape", "fields", "options", "said"),
    [
        (
            ["n", 3, 64, 64],
            22,
            {"resolution": 320},
            "its input is any × 3 × 64 × 64; allowed: N × 3 × side × side, and res",
        ),
        (["n", 3, 64, 48], 22, {}, "its input is any × 3 × 64 × 48; allowed"),
        (["n", 1, 64, 64], 22, {}, "its input is any × 1 × 64 × 64; allowed"),
        ([4, 3, 64, 64], 22, {}, "takes 4 pictures at a time; allowed: any number, or one"),
        (["n", 3, 64, 64], 84, {}, "its output is any × 84 × 2; allowed: N × 22 × any"),
    ],
)
def test_a_network_that_is_no_such_detector_is_refused_before_anything_runs(tmp_path, shape, fields, options, said):
    path = detector(tmp_path / "other.onnx", shape, PLACE, fields=fields)
    with pytest.raises(InputError, match=f"scorer 'nudenet': model: .*other.onnx: {said}"):
        written("nudenet", model=str(path), **options).check()


def test_any_size_takes_the_one_that_is_set(tmp_path):
    path = detector(tmp_path / "any.onnx", ["n", 3, "h", "w"], PLACE)
    wide = np.full((128, 128, 3), 204, np.uint8)
    for options, edge in (({}, 48 * 64 / 320), ({"resolution": 64}, 48.0)):
        [box] = loaded(written("nudenet", model=str(path), **options)).score([wide], [""])[0]
        assert box.box[0] == int(edge)
