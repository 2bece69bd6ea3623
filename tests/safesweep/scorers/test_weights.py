"""How weights are named: by the SHA-256 of their files, against hashlib."""

import hashlib

import pytest

from safesweep.errors import InputError
from safesweep.scorers.weights import folder_id, folder_weights, require_file, weights_id
from tests.safesweep.scorers.written import written


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def folder(tmp_path):
    for name in ("b.safetensors", "a.safetensors", "old.bin", "a.fp16.safetensors"):
        (tmp_path / name).write_bytes(name.encode())
    return tmp_path


def test_one_file_is_named_by_its_hash_and_several_by_the_hash_of_theirs(folder):
    files = [folder / "a.safetensors", folder / "b.safetensors"]
    assert weights_id("m", files[:1]) == f"m@sha256:{digest(b'a.safetensors')}"
    both = (digest(b"a.safetensors") + digest(b"b.safetensors")).encode()
    assert (
        weights_id("m", files) == folder_id(str(folder), None).replace(str(folder), "m") == f"m@sha256:{digest(both)}"
    )
    assert weights_id("m", []) == "m@unknown"


def test_safetensors_come_first_and_variants_are_left(folder):
    assert [file.name for file in folder_weights(str(folder), None)] == ["a.safetensors", "b.safetensors"]
    for name in ("a.safetensors", "b.safetensors"):
        (folder / name).unlink()
    assert [file.name for file in folder_weights(str(folder), None)] == ["old.bin"]
    (folder / "old.bin").unlink()
    with pytest.raises(InputError, match="the weights are missing; allowed: "):
        folder_weights(str(folder), None)


def test_a_file_that_an_option_names_is_there_or_refused(folder):
    settings = written("clip", model="m", name="mine")
    assert require_file(settings, "file", str(folder / "old.bin")) == folder / "old.bin"
    with pytest.raises(InputError, match="scorer 'mine': file: .*nowhere: no such file"):
        require_file(settings, "file", str(folder / "nowhere"))
