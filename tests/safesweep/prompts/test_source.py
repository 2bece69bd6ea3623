"""Paths and URLs that can be read, and those that cannot."""

import gzip
import hashlib
import os
import zipfile
from pathlib import Path

import fsspec
import pytest

from safesweep.errors import InputError
from safesweep.prompts.reader import read_prompts
from safesweep.prompts.settings import PromptFileSettings
from safesweep.prompts.source import file_name
from tests.safesweep.prompts.writing import refusal, texts, write


def test_paths_that_cannot_be_read(tmp_path: Path) -> None:
    assert "no such file" in refusal(tmp_path / "missing.csv")
    (tmp_path / "folder.csv").mkdir()
    assert "is a folder" in refusal(tmp_path / "folder.csv")
    assert "cannot be read: Not a directory" in refusal(write(tmp_path, "a.csv", "prompt\na\n") / "b.csv")
    locked = write(tmp_path, "locked.csv", "prompt\na\n")
    locked.chmod(0)
    if os.geteuid() != 0:  # root reads everything
        assert "cannot be read: Permission denied" in refusal(locked)


def test_urls() -> None:
    with fsspec.open("memory://sets/shapes.csv", "wb") as stream:
        stream.write(b"prompt,seed\na circle,4\n")
    prompts, report = read_prompts("memory://sets/shapes.csv")
    assert (prompts[0].text, prompts[0].source, report.prompt_set) == ("a circle", "shapes.csv", "shapes")
    assert "no such file" in refusal("memory://sets/missing.csv")
    assert "cannot be read: ValueError: Protocol not known: nowhere" in refusal("nowhere://sets/shapes.csv")


@pytest.mark.parametrize(
    "url",
    [
        "https://me:s3cret@h/a/shapes.csv?sig=s3cret",
        "https://h/shapes.csv#s3cret",
        "s3://KEY:s3cret/x@bucket/shapes.csv?x=s3cret",
    ],
)
def test_what_is_secret_in_a_url_is_in_no_name_and_no_error(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert file_name(url) == "shapes.csv"

    def down(asked: str, mode: str) -> None:
        raise OSError(f"cannot connect to {asked}")

    monkeypatch.setattr("fsspec.open", down)
    with pytest.raises(InputError) as caught:
        read_prompts(url)
    said = str(caught.value)
    assert "cannot be read" in said and "s3cret" not in said and "shapes.csv" in said


def test_a_url_without_its_fsspec_package_goes_through_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_package(url: str, mode: str) -> None:
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(fsspec, "open", no_package)
    path = write(tmp_path, "shapes.csv", "prompt\na circle\n")
    assert texts(read_prompts(path.as_uri())) == ["a circle"]
    assert "cannot be read: Install s3fs" in refusal("github://shapes.csv")


CONTENT = "prompt,seed\na circle,4\n"


def packed(folder: Path) -> list[Path]:
    (folder / "one.csv.gz").write_bytes(gzip.compress(CONTENT.encode()))
    with zipfile.ZipFile(folder / "two.zip", "w") as archive:
        archive.writestr("inside/shapes.csv", CONTENT)
        archive.writestr("__MACOSX/._shapes.csv", "x")
    return [folder / "one.csv.gz", folder / "two.zip"]


def test_packed_files(tmp_path: Path) -> None:
    for path, name in zip(packed(tmp_path), ("one", "two"), strict=True):
        [prompt], report = read_prompts(path)
        assert (prompt.text, prompt.seed, report.prompt_set, report.source) == ("a circle", 4, name, path.name)
        assert report.source_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    with zipfile.ZipFile(tmp_path / "more.zip", "w") as archive:
        archive.writestr("a.csv", CONTENT)
        archive.writestr("b.csv", CONTENT)
    assert "holds 2 files; an archive of one prompt file is wanted" in refusal(tmp_path / "more.zip")
    assert "cannot be unpacked" in refusal(write(tmp_path, "bad.csv.gz", "no gzip"))
    assert "cannot be unpacked" in refusal(write(tmp_path, "bad.zip", "no zip"))
    cut = write(tmp_path, "cut.csv.gz", gzip.compress(os.urandom(5000))[:-2000])
    assert "cannot be unpacked" in refusal(cut)


def test_folders_and_patterns(tmp_path: Path) -> None:
    packed(tmp_path)
    for name in ("b.csv", "a.csv", "notes.md"):
        write(tmp_path, name, CONTENT)
    write(tmp_path, "[x].csv", CONTENT)

    def names(path: str) -> list[str]:
        return [found.report.source for found in PromptFileSettings(path=str(tmp_path / path)).read()]

    assert names("") == ["[x].csv", "a.csv", "b.csv", "one.csv.gz", "two.zip"]
    assert names("?.csv") == ["a.csv", "b.csv"]
    assert names("[x].csv") == ["[x].csv"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="empty: no prompt file among 0 files; endings are .csv"):
        names("empty")


def test_a_format_by_hand(tmp_path: Path) -> None:
    path = write(tmp_path, "prompts", CONTENT)
    assert texts(read_prompts(path, format="csv")) == texts(read_prompts(path, format=".CSV")) == ["a circle"]
    assert "cannot tell the format from format 'word'; allowed are .csv" in refusal(path, format="word")
    assert "name it with format, such as csv" in refusal(path)
