"""Where files lie, and which are whole."""

import pytest

from safesweep.lake.layout import has_footer, manifest_path, part_files, run_ids, trials_folder
from tests.safesweep.lake.rows import trial, write_run


def test_runs_with_a_manifest_and_runs_with_trials(tmp_path):
    assert run_ids(tmp_path / "none") == []
    write_run(tmp_path, [trial(0)], run_id="b")
    for run in ("c", "b", "a.1"):
        manifest_path(tmp_path, run).parent.mkdir(exist_ok=True)
        manifest_path(tmp_path, run).write_text("{}")
    assert run_ids(tmp_path) == ["a.1", "b", "c"]


def test_a_runs_files_are_its_parts(tmp_path):
    write_run(tmp_path, [trial(0)], [trial(1)])
    (trials_folder(tmp_path, "r") / "notes.parquet").write_bytes(b"")
    assert [path.name for path in part_files(tmp_path, "r")] == ["part-0.parquet", "part-1.parquet"]


@pytest.mark.parametrize("kept", [0.0, 0.5, 0.99])
def test_a_torn_file_has_no_footer(tmp_path, kept):
    write_run(tmp_path, [trial(0)])
    (path,) = part_files(tmp_path, "r")
    assert has_footer(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole))])
    assert not has_footer(path)
