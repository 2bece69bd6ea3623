"""A network that onnxruntime runs: which execution providers, how many threads."""

import onnxruntime
import pytest

from safesweep.errors import InputError
from safesweep.scorers import onnx_session
from tests.safesweep.scorers.onnx_networks import detector
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


def test_a_file_that_holds_no_network_is_refused_at_the_check_and_read_again_when_it_changes(tmp_path):
    path = tmp_path / "net.onnx"
    settings = written("nudenet", model=str(path))
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    with pytest.raises(
        InputError, match="scorer 'nudenet': model: .*net.onnx: holds no network that onnxruntime reads: "
    ):
        settings.check()
    detector(path, ["n", 3, 64, 64], (32, 32, 8, 8))
    settings.check()
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="holds no network"):
        settings.check()
