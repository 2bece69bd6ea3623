"""Paths and URLs that can be read, and those that cannot."""

import os
from pathlib import Path

import fsspec
import pytest

from safesweep.prompts.reader import read_prompts
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


def test_a_url_without_its_fsspec_package_goes_through_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_package(url: str, mode: str) -> None:
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(fsspec, "open", no_package)
    path = write(tmp_path, "shapes.csv", "prompt\na circle\n")
    assert texts(read_prompts(path.as_uri())) == ["a circle"]
    assert "no installed file system can read it (Install s3fs" in refusal("github://shapes.csv")
