"""Manifests: written whole, read with care."""

import json
import re

import pytest

from safesweep.errors import InputError
from safesweep.lake.layout import manifest_path
from safesweep.lake.manifest import locate_files, named_files, read_manifest, write_manifest
from safesweep.lake.reader import run_files
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


OUTSIDE = [
    "../other/part-0.parquet",
    "/etc/passwd",
    "trials/../../other/part-0.parquet",
    "..\\other\\part-0.parquet",
    "C:\\x.parquet",
    "\\\\host\\x.parquet",
]


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_manifest_names_only_files_below_the_lake(tmp_path, name):
    """Whether or not they are there: nothing outside is looked at."""
    lake, other = tmp_path / "lake", tmp_path / "other"
    write_run(lake, [trial(0)])
    other.mkdir()
    (lake / "trials" / "run=r" / "part-0.parquet").rename(other / "part-0.parquet")
    write_manifest(lake, "r", {"files": [name]})
    with pytest.raises(
        InputError, match=rf"r\.json: 'files' names {re.escape(repr(name))}, which is no path below the lake"
    ):
        named_files(lake, "r")
    write_manifest(lake, "r", {"files": [str(other / "part-0.parquet")]})
    with pytest.raises(InputError, match="which is no path below the lake; allowed: files inside the lake"):
        run_files(lake, "r")


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_name_that_leads_out_is_refused_behind_a_missing_one_too(tmp_path, name):
    write_manifest(tmp_path, "r", {"files": ["trials/run=r/gone.parquet", name]})
    for read in (named_files, locate_files):
        with pytest.raises(InputError, match="which is no path below the lake"):
            read(tmp_path, "r")


def test_files_are_found_once_and_missing_ones_named(tmp_path):
    write_run(tmp_path, [trial(0)])
    names = ["gone.parquet", "trials/run=r/part-0.parquet", "part-0.parquet", "gone.parquet"]
    write_manifest(tmp_path, "r", {"files": names})
    found = locate_files(tmp_path, "r")
    assert found == ([tmp_path / "trials" / "run=r" / "part-0.parquet"], ["gone.parquet"])
    with pytest.raises(FileNotFoundError, match=r"names 'gone\.parquet', which is neither in"):
        named_files(tmp_path, "r")


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("what", ["file", "folder", "manifest"])
def test_no_link_leads_out_of_the_lake(tmp_path, what, named):
    """A file, its folder or the manifest itself; named by the manifest or found in the run's folder."""
    lake, other = tmp_path / "lake", tmp_path / "other"
    write_run(lake, [trial(0)])
    part, manifest = lake / "trials" / "run=r" / "part-0.parquet", manifest_path(lake, "r")
    write_manifest(lake, "r", {"files": ["trials/run=r/part-0.parquet"]} if named else {})
    assert run_files(lake, "r").complete == (part,)
    moved = {"file": part, "folder": part.parent, "manifest": manifest}[what]
    moved.rename(other)
    moved.symlink_to(other)
    with pytest.raises(InputError, match=f"which leads out of the lake .* to {other}"):
        run_files(lake, "r")


def test_a_lake_behind_a_link_is_a_lake(tmp_path):
    """So is a link from one of its files to another."""
    write_run(tmp_path / "real", [trial(0)])
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "real" / "again.parquet").symlink_to(tmp_path / "real" / "trials" / "run=r" / "part-0.parquet")
    write_manifest(tmp_path / "link", "r", {"files": ["again.parquet"]})
    assert [path.name for path in named_files(tmp_path / "link", "r") or ()] == ["again.parquet"]


def test_urls_in_a_manifest_have_no_secret(tmp_path):
    write_manifest(
        tmp_path,
        "r",
        {
            "config": {"prompts": [{"path": "https://me:pw@h/p.csv?sig=s3cret"}]},
            "prompt_notes": ["https://h/x?a=s3cret: 3 rows"],
        },
    )
    assert read_manifest(tmp_path, "r") == {
        "config": {"prompts": [{"path": "https://…@h/p.csv?…"}]},
        "prompt_notes": ["https://h/x?…: 3 rows"],
    }
