"""NudeNet v0's way of feeding a classifier, with a network of our own: the mean colour, weighted, through a softmax."""

import hashlib

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from safesweep.errors import InputError
from safesweep.measures.profiles import get_profile
from tests.safesweep.scorers.written import loaded, written

WEIGHTS = np.array([[4.0, -4.0], [0.0, 0.0], [-2.0, 2.0]], np.float32)


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    axes = numpy_helper.from_array(np.array([1, 2]), "axes")
    nodes = [
        helper.make_node("ReduceMean", ["picture", "axes"], ["mean"], keepdims=0),
        helper.make_node("MatMul", ["mean", "weights"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=-1),
    ]
    graph = helper.make_graph(
        nodes,
        "classifier",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, ["n", 256, 256, 3])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", 2])],
        [axes, numpy_helper.from_array(WEIGHTS, "weights")],
    )
    path = tmp_path_factory.mktemp("v0") / "classifier.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), path)
    return path


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
