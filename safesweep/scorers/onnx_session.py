"""An onnxruntime session with the threads and the execution providers of a scorer's settings."""

import onnxruntime

from safesweep.errors import InputError
from safesweep.scorers.settings import ScorerSettings
from safesweep.scorers.weights import nudenet_file

PROVIDERS = ("CUDAExecutionProvider", "ROCMExecutionProvider", "CoreMLExecutionProvider", "CPUExecutionProvider")
"""Of these, the ones that this onnxruntime has are used by default, in this order."""


def open_session(settings: ScorerSettings) -> onnxruntime.InferenceSession:
    """The scorer's network. Raises ``InputError`` for a missing file or a provider that is not here."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = settings.threads, 1
    path = str(nudenet_file(settings))
    return onnxruntime.InferenceSession(path, options, providers=choose_providers(settings))


def choose_providers(settings: ScorerSettings) -> list[str]:
    """The execution providers to use. Raises ``InputError`` for one that this onnxruntime has not."""
    there = onnxruntime.get_available_providers()
    for name in settings.providers or ():
        if name not in there:
            raise InputError(
                f"scorer {settings.scorer!r}: providers: {name!r} is not here; allowed: {', '.join(there)}"
            )
    return list(settings.providers or [name for name in PROVIDERS if name in there])
