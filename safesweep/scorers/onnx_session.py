"""A network that onnxruntime runs: its options, what its file takes and gives, and its session."""

from abc import abstractmethod
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveInt

from safesweep.scorers.base import ScorerSettings

if TYPE_CHECKING:
    import onnxruntime

    from safesweep.errors import InputError

PROVIDERS = ("CUDAExecutionProvider", "ROCMExecutionProvider", "CoreMLExecutionProvider", "CPUExecutionProvider")
"""Of these, the ones that this onnxruntime has are used by default, in this order."""


class Port(NamedTuple):
    """An input or an output of a network."""

    type: str
    """As onnxruntime names it: "tensor(float)"."""
    shape: tuple[int | None, ...]
    """None: any size."""


class Ports(NamedTuple):
    """What a network's file takes and gives."""

    taken: Port
    given: Port


class OnnxSettings(ScorerSettings):
    """A scorer with an .onnx file."""

    threads: PositiveInt = 1
    """CPU threads of the network."""
    providers: tuple[str, ...] | None = None
    """onnxruntime's execution providers, the first that works is used; by default the GPU's where there is one."""

    @abstractmethod
    def network(self) -> Path:
        """The .onnx file. Raises ``InputError`` when there is none."""

    @abstractmethod
    def fit(self, ports: Ports) -> None:
        """Raises ``InputError`` for a network that is not of this scorer's kind, or takes pictures of another size than is set."""

    def ports(self) -> Ports:
        """What the network takes and gives, as its file says. Raises ``InputError`` for a file that holds no network with one of each."""
        path = self.network()
        try:
            inputs, outputs = _read_ports(path, path.stat().st_mtime_ns)
        except Exception as error:  # onnxruntime's errors have no base of their own
            raise self.bad(f"model: {path}: holds no network that onnxruntime reads: {error}") from error
        if (len(inputs), len(outputs)) != (1, 1):
            raise self.bad(f"model: {path}: has {len(inputs)} inputs and {len(outputs)} outputs; allowed: one of each")
        [taken], [given] = inputs, outputs
        if taken.type != "tensor(float)":
            raise self.bad(f"model: {path}: takes {taken.type}; allowed: tensor(float)")
        if taken.shape and taken.shape[0] not in (None, 1):
            raise self.bad(f"model: {path}: takes {taken.shape[0]} pictures at a time; allowed: any number, or one")
        return Ports(taken, given)

    def refuse_shape(self, what: str, found: Port, allowed: str) -> "InputError":
        """The error for an input or output (``what``) of another shape."""
        shape = " × ".join("any" if size is None else str(size) for size in found.shape)
        return self.bad(f"model: {self.network()}: its {what} is {shape}; allowed: {allowed}")

    def check(self) -> None:
        """The network's file, and that it is one of this scorer's."""
        self.fit(self.ports())

    def session(self) -> "onnxruntime.InferenceSession":
        """The network, loaded. Raises ``InputError`` for a missing file or a provider that is not here."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = self.threads, 1
        return onnxruntime.InferenceSession(str(self.network()), options, providers=self.chosen_providers())

    def chosen_providers(self) -> list[str]:
        """The execution providers to use. Raises ``InputError`` for one that this onnxruntime has not."""
        import onnxruntime

        there = onnxruntime.get_available_providers()
        for name in self.providers or ():
            if name not in there:
                raise self.bad(f"providers: {name!r} is not here; allowed: {', '.join(there)}")
        return list(self.providers or [name for name in PROVIDERS if name in there])


def is_of(port: Port, *sizes: int | None) -> bool:
    """Whether ``port`` may have the shape ``sizes``; None, on either side, stands for any size."""
    return len(port.shape) == len(sizes) and all(
        None in pair or pair[0] == pair[1] for pair in zip(port.shape, sizes, strict=True)
    )


def run(session: "onnxruntime.InferenceSession", fed_NX: NDArray[Any]) -> NDArray[np.float32]:
    """What the network gives for all pictures together, or one by one where its file says that it takes one."""
    entry = session.get_inputs()[0]
    parts = np.split(fed_NX, len(fed_NX)) if entry.shape[0] == 1 else [fed_NX]
    return np.concatenate([session.run(None, {entry.name: part})[0] for part in parts])


@lru_cache(maxsize=16)
def _read_ports(path: Path, changed: int) -> tuple[tuple[Port, ...], tuple[Port, ...]]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4  # what is wrong is said by the exception
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return _ports(session.get_inputs()), _ports(session.get_outputs())


def _ports(arguments: "list[onnxruntime.NodeArg]") -> tuple[Port, ...]:
    return tuple(
        Port(one.type, tuple(size if isinstance(size, int) else None for size in one.shape)) for one in arguments
    )
