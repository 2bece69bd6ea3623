"""Where a lake may lie."""

from pathlib import Path

import pytest

from pipelines.command_line import read_config
from pipelines.evaluation import check
from safesweep.errors import InputError
from safesweep.lake.folder import lake_folder
from safesweep.lake.layout import manifest_path, part_files, run_ids, trials_folder
from safesweep.lake.store import RunStore
from tests.safesweep.lake.rows import trial, write_run


def test_a_tilde_is_home_for_everybody(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    store = RunStore(Path("~/lake"), "r")
    write_run(tmp_path / "lake", [trial(0)])
    store.write_manifest({"status": "complete"})
    assert store.folder == tmp_path / "lake" / "trials" / "run=r" == trials_folder("~/lake", "r")
    assert store.manifest_path == tmp_path / "lake" / "runs" / "r.json" == manifest_path("~/lake", "r")
    assert run_ids("~/lake") == ["r"] and store.files() == part_files("~/lake", "r") != []
    assert read_config(["--lake=~/lake"]).lake == tmp_path / "lake"


@pytest.mark.parametrize("url", ["file:///tmp/lake", "hdfs:/x", "s3:/bucket/lake"])
def test_a_url_is_refused_before_anything_starts(url, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        InputError, match=f"lake: a URL \\({url.partition(':')[0]}://…\\) is not supported; allowed: a folder"
    ):
        lake_folder(url)
    with pytest.raises(InputError, match=r"lake.*URL.*is not supported"):
        check(read_config([f"--lake={url}"]))
    assert not list(tmp_path.iterdir())


def test_other_folders_are_as_they_are():
    for name in ("lake", "/tmp/a:b", "a/~b", "lake[x]"):
        assert lake_folder(name) == Path(name)
