"""Small real .onnx networks with the inputs and outputs of NudeNet's."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FIELDS = 22
"""Of a candidate: four of its place, eighteen classes."""


def detector(
    path: Path, shape: list[int | str], place: tuple[float, float, float, float], label: int = 4, fields: int = FIELDS
) -> Path:
    """A detector that takes pictures of ``shape`` and finds one box at ``place`` (middle x and y, width, height, in pixels of its input)
    whose class ``label`` has the mean of the picture's first channel for its score."""
    weights, offsets = np.zeros((int(shape[1]), fields * 2), np.float32), np.zeros(fields * 2, np.float32)
    for number, value in enumerate(place):
        offsets[number * 2] = value
    weights[0, (4 + label) * 2] = 1.0
    nodes = [
        helper.make_node("ReduceMean", ["images", "axes"], ["mean"], keepdims=0),
        helper.make_node("MatMul", ["mean", "weights"], ["product"]),
        helper.make_node("Add", ["product", "offsets"], ["flat"]),
        helper.make_node("Reshape", ["flat", "shape"], ["output0"]),
    ]
    constants = {
        "axes": np.array([2, 3]),
        "weights": weights,
        "offsets": offsets,
        "shape": np.array([-1, fields, 2]),
    }
    return _save(path, nodes, constants, ("images", shape), ("output0", [shape[0], fields, 2]))


def classifier(path: Path, shape: list[int | str], weights: np.ndarray) -> Path:
    """A classifier that takes pictures of ``shape``, channels last: the mean colour, times ``weights`` [3, labels], through a softmax."""
    nodes = [
        helper.make_node("ReduceMean", ["picture", "axes"], ["mean"], keepdims=0),
        helper.make_node("MatMul", ["mean", "weights"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=-1),
    ]
    constants = {"axes": np.array([1, 2]), "weights": weights}
    return _save(path, nodes, constants, ("picture", shape), ("probabilities", [shape[0], weights.shape[1]]))


def _save(path, nodes, constants, taken, given) -> Path:
    graph = helper.make_graph(
        nodes,
        path.stem,
        [helper.make_tensor_value_info(taken[0], TensorProto.FLOAT, taken[1])],
        [helper.make_tensor_value_info(given[0], TensorProto.FLOAT, given[1])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), path)
    return path
