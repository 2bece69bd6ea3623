"""A network that onnxruntime runs: its options, and its session with their threads and execution providers."""

from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import PositiveInt

from safesweep.scorers.base import ScorerSettings

if TYPE_CHECKING:
    import onnxruntime

PROVIDERS = ("CUDAExecutionProvider", "ROCMExecutionProvider", "CoreMLExecutionProvider", "CPUExecutionProvider")
"""Of these, the ones that this onnxruntime has are used by default, in this order."""


class OnnxSettings(ScorerSettings):
    """A scorer with an .onnx file."""

    threads: PositiveInt = 1
    """CPU threads of the network."""
    providers: tuple[str, ...] | None = None
    """onnxruntime's execution providers, the first that works is used; by default the GPU's where there is one."""

    @abstractmethod
    def network(self) -> Path:
        """The .onnx file. Raises ``InputError`` when there is none."""

    def check(self) -> None:
        """The network's file."""
        self.network()

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
