"""safesweep/models/safetensors_header.py on real files: whole, cut, a pointer of Git LFS; and that folders are checked by it."""

import shutil
import struct
from pathlib import Path

import pytest

from miniature import WEIGHTS
from safesweep.errors import InputError
from safesweep.models.checkpoint import check_open_clip, check_transformers
from safesweep.models.safetensors_header import broken_weights

WHOLE = WEIGHTS / "vlm" / "model.safetensors"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4665\nsize 12345\n"


@pytest.mark.parametrize("file", sorted(WEIGHTS.rglob("*.safetensors")), ids=lambda file: file.parent.name)
def test_the_miniatures_files_are_whole(file: Path) -> None:
    assert broken_weights(file) is None


def changed(file: Path, content: bytes) -> Path:
    file.write_bytes(content)
    return file


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (POINTER, "is a pointer of Git LFS"),
        (b"", "is empty"),
        (b"1234", "does not begin with the length of a header"),
        (b"<!DOCTYPE html><html>", "does not begin with the length of a header"),
        (WHOLE.read_bytes()[:-1], "is cut: its header tells of "),
        (WHOLE.read_bytes()[:100], "is cut: its header takes "),
        (WHOLE.read_bytes() + b"x", "is too long"),
        (struct.pack("<Q", 3) + b"abc", "its header is not that of one"),
        (struct.pack("<Q", 2) + b"[]", "its header is not that of one"),
    ],
)
def test_what_is_broken_is_told(tmp_path: Path, content: bytes, why: str) -> None:
    assert why in str(broken_weights(changed(tmp_path / "model.safetensors", content)))


def test_of_other_formats_only_pointers_are_told(tmp_path: Path) -> None:
    assert broken_weights(changed(tmp_path / "pytorch_model.bin", b"PK anything")) is None
    assert "pointer" in str(broken_weights(changed(tmp_path / "pytorch_model.bin", POINTER)))


def test_a_folder_with_broken_weights_is_refused(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(WEIGHTS / "vlm", tmp_path / "vlm"))
    (folder / "pytorch_model.bin").write_bytes(POINTER)  # is not loaded beside safetensors
    check_transformers(str(folder))
    (folder / "model.safetensors").write_bytes(POINTER)
    with pytest.raises(InputError, match=f"{folder}: model.safetensors is a pointer of Git LFS"):
        check_transformers(str(folder))
    (folder / "model.safetensors").unlink()
    with pytest.raises(InputError, match="pytorch_model.bin is a pointer"):
        check_transformers(str(folder))
    with pytest.raises(InputError, match="is cut"):
        check_open_clip("ViT-B-32-quickgelu", str(changed(tmp_path / "clip.safetensors", WHOLE.read_bytes()[:-9])))
