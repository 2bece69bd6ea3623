"""Which runs are finished, and how their files are named."""

import pytest

from safesweep.errors import InputError
from safesweep.lake.finished import finished_run, name_in_manifest
from safesweep.lake.layout import manifest_path, part_files, trials_folder
from safesweep.lake.manifest import read_manifest, write_manifest
from tests.safesweep.lake.killing import torn
from tests.safesweep.lake.runs import finished, row, write


def test_its_files_are_those_that_the_manifest_names(tmp_path):
    lake = finished(tmp_path, [0], [1])
    stray = write(trials_folder(lake, "r") / "part-x.parquet", [row(2)])
    run = finished_run(lake, "r")
    assert run.files == tuple(part_files(lake, "r")[:2]) and run.others == (stray,)
    assert run.manifest == read_manifest(lake, "r")
    assert [name_in_manifest(lake, "r", path) for path in run.files] == run.manifest["files"]
    assert name_in_manifest(lake, "r", lake / "elsewhere" / "a.parquet") == "elsewhere/a.parquet"


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (
            lambda lake: write_manifest(lake, "r", {"status": "running"}),
            "is running and names no files: it is not finished",
        ),
        (lambda lake: manifest_path(lake, "r").unlink(), "has no manifest: it is not finished"),
        (
            lambda lake: part_files(lake, "r")[0].unlink(),
            "run_id: the manifest names 'trials/run=r/part-w-000000.parquet'",
        ),
        (lambda lake: part_files(lake, "r")[0].write_bytes(torn(b"PAR1" * 9)), "part-w-000000.parquet is damaged"),
        (lambda lake: write(part_files(lake, "r")[1], [row(0)]), "holds 1 trials more than once"),
    ],
)
def test_what_is_not_is_refused(tmp_path, break_it, words):
    lake = finished(tmp_path, [0], [1])
    break_it(lake)
    with pytest.raises(InputError) as refused:
        finished_run(lake, "r")
    assert words in str(refused.value)
