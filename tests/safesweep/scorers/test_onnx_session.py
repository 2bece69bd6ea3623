"""A network that onnxruntime runs: which execution providers, how many threads."""

import onnxruntime
import pytest

from safesweep.errors import InputError
from safesweep.scorers import onnx_session
from tests.safesweep.scorers.written import written


def test_by_default_the_machines_own_providers_are_used_gpus_first(monkeypatch):
    there = ["AzureExecutionProvider", "CPUExecutionProvider", "CUDAExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: there)
    assert written("nudenet").chosen_providers() == ["CUDAExecutionProvider", "CPUExecutionProvider"]
    asked = written("nudenet", providers=["CPUExecutionProvider"])
    assert asked.chosen_providers() == ["CPUExecutionProvider"]
    assert set(onnx_session.PROVIDERS) >= {"CUDAExecutionProvider", "CPUExecutionProvider"}


def test_a_provider_that_is_not_here_is_refused_by_name():
    wrong = written("nudenet", name="nudity", providers=["NoSuchProvider"])
    with pytest.raises(InputError, match="scorer 'nudity': providers: 'NoSuchProvider' is not here; allowed: .*CPU"):
        wrong.session()


def test_the_session_has_the_threads_that_are_set():
    session = written("nudenet", threads=2).session()
    options = session.get_session_options()
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (2, 1)
    assert session.get_providers() == written("nudenet").chosen_providers()
