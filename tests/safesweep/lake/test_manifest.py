"""Manifests: written whole, read with care."""

import json

import pytest

from safesweep.errors import InputError
from safesweep.lake.layout import manifest_path
from safesweep.lake.manifest import named_files, read_manifest, write_manifest
from tests.safesweep.lake.rows import trial, write_run


def test_what_is_written_is_read(tmp_path):
    assert read_manifest(tmp_path, "r") is None
    write_manifest(tmp_path, "r", {"status": "running"})
    write_manifest(tmp_path, "r", {"status": "complete", "models": {"vlm": "γ@sha256:0"}})
    assert read_manifest(tmp_path, "r") == {"status": "complete", "models": {"vlm": "γ@sha256:0"}}
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["r.json"]


@pytest.mark.parametrize("prefix", ["", "trials/run=r/"])
def test_files_are_named_from_the_lake_or_from_the_runs_folder(tmp_path, prefix):
    write_run(tmp_path, [trial(0)], [trial(1)])
    write_manifest(tmp_path, "r", {"files": [f"{prefix}part-1.parquet"] * 2})
    assert [path.name for path in named_files(tmp_path, "r") or ()] == ["part-1.parquet"]


def test_no_files_are_not_the_same_as_files_that_are_not_named(tmp_path):
    assert named_files(tmp_path, "r") is None
    write_manifest(tmp_path, "r", {"config": {}})
    assert named_files(tmp_path, "r") is None
    write_manifest(tmp_path, "r", {"files": []})
    assert named_files(tmp_path, "r") == []


def test_a_named_file_must_be_there(tmp_path):
    write_manifest(tmp_path, "r", {"files": ["part-9.parquet"]})
    with pytest.raises(FileNotFoundError, match=r"part-9\.parquet"):
        named_files(tmp_path, "r")


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff", b'{"files": "part-0.parquet"}', b'{"files": [1]}'])
def test_a_broken_manifest_is_named(tmp_path, content):
    manifest_path(tmp_path, "r").parent.mkdir()
    manifest_path(tmp_path, "r").write_bytes(content)
    with pytest.raises(InputError, match=r"r\.json"):
        named_files(tmp_path, "r")


def test_other_keys_than_ours_are_kept(tmp_path):
    write_manifest(tmp_path, "r", {"theirs": [1]})
    assert json.loads(manifest_path(tmp_path, "r").read_text()) == {"theirs": [1]} == read_manifest(tmp_path, "r")
