"""Weights are named by their content and found on every node; what is no weights is said in one line."""

import pytest

from safesweep.errors import InputError
from safesweep.files import file_sha256
from safesweep.models.variants.weights import NamedWeights, content_digest, find, named


def test_a_file_is_named_by_its_content_wherever_it_lies(tmp_path):
    for name, content in (("a.pt", b"one"), ("b.pt", b"one"), ("c.pt", b"two")):
        (tmp_path / name).write_bytes(content)
    first, same, other = (named(str(tmp_path / name)) for name in ("a.pt", "b.pt", "c.pt"))
    assert first == same and hash(first) == hash(same) and first != other
    assert first.digest == file_sha256(tmp_path / "a.pt")


def test_a_folder_s_digest_follows_names_and_contents_and_no_card(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "x.bin").write_bytes(b"one")
    before = content_digest(tmp_path)
    (tmp_path / "README.md").write_text("a card")
    assert content_digest(tmp_path) == before
    (tmp_path / "sub" / "x.bin").rename(tmp_path / "sub" / "y.bin")
    assert content_digest(tmp_path) != before


def test_a_file_that_changed_is_hashed_anew(tmp_path):
    file = tmp_path / "x.pt"
    file.write_bytes(b"one")
    before = content_digest(file)
    file.write_bytes(b"longer")
    assert content_digest(file) != before


@pytest.mark.parametrize(
    ("written", "stem"),
    [
        ("x/esd-nudity.pt", "esd-nudity"),
        ("mine/lora/pytorch_lora_weights.safetensors", "lora"),
        ("mine/mace/unet", "mace"),
        ("owner/name@0123", "name"),
        ("a b/c d.pt", "c-d"),
    ],
)
def test_names_for_people(written, stem):
    assert NamedWeights(written, "0" * 64).stem == stem


def test_what_is_no_weights_is_refused_by_name(tmp_path):
    (tmp_path / "notes.csv").write_text("a")
    (tmp_path / "empty.pt").write_bytes(b"")
    (tmp_path / "cut.safetensors").write_bytes(b"\xff" * 20)
    for name, said in (
        ("notes.csv", "is no file of weights; allowed: "),
        ("empty.pt", "is empty"),
        ("cut.safetensors", "is no safetensors file"),
        ("nowhere.pt", "no such file or folder"),
    ):
        with pytest.raises(InputError, match=said):
            find(str(tmp_path / name))


def test_a_hub_id_is_looked_for_in_the_cache_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="hf download owner/nobody"):
        find("owner/nobody/inside.pt")
