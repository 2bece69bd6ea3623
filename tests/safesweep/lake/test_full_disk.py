"""A full disk is told from other failures, leaves no half of a file, and is one line; /dev/full is one that is always full."""

import pickle
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ray.exceptions import RayTaskError

from safesweep.cli.failing_store import one_line_for_stores
from safesweep.cli.settings import CommandSettings
from safesweep.errors import InputError
from safesweep.files import write_whole
from safesweep.lake import exclusive
from safesweep.lake.folder import LakeFolder
from safesweep.lake.full_disk import SAID, full_disk
from safesweep.lake.parquet_files import replace_rows

FULL = Path("/dev/full")
TABLE = pa.table({"trial_id": ["a", "b"]})
pytestmark = pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")


class Options(CommandSettings):
    """Of a command."""

    lake: LakeFolder


def refused(write) -> OSError:
    """What a write raises that finds no room."""
    with pytest.raises(OSError, match="No space left") as found:
        write()
    return found.value


@pytest.fixture
def full(tmp_path):
    """A link to it: what removes a file that it could not write must not remove the device."""
    link = tmp_path / "full"
    link.symlink_to(FULL)
    return link


WRITES = {"python": lambda path: path.write_bytes(b"x"), "pyarrow": lambda path: pq.write_table(TABLE, path)}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_it_is_known_however_it_comes(write, full):
    error = refused(lambda: write(full))
    assert full_disk(error) == "No space left on device" == SAID[0]
    assert full_disk(pickle.loads(pickle.dumps(error))) == SAID[0]
    above = RuntimeError("the run did not end")
    above.__cause__ = error
    assert full_disk(above) == SAID[0]
    assert full_disk(RayTaskError("write", "Traceback", error).as_instanceof_cause()) == SAID[0]
    for other in (FileNotFoundError("x"), ValueError("No space left on device"), OSError(5, "Input/output error")):
        assert full_disk(other) is None


@pytest.mark.parametrize("write", [lambda path: write_whole(path, "new"), lambda path: replace_rows(path, TABLE)])
def test_what_had_no_room_is_taken_away_and_the_old_file_stays(tmp_path, write):
    path = tmp_path / "file"
    path.write_text("old")
    (tmp_path / "file.new").symlink_to(FULL)
    refused(lambda: write(path))
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_a_lease_that_had_no_room_is_nobodys(tmp_path, monkeypatch):
    path = tmp_path / "runs" / "r.lease"
    opened = Path.open

    def full(self, mode="r", **options):
        opened(self, mode, **options).close()
        return opened(FULL, "w")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", full)
        refused(lambda: exclusive.create(path, "me"))
    assert exclusive.read(path) is None and exclusive.create(path, "me")


def test_a_command_says_it_in_one_line(tmp_path, full):
    said = rf"lake: {tmp_path}: No space left on device; make room"
    with pytest.raises(InputError, match=said) as told, one_line_for_stores(Options(lake=str(tmp_path))):
        full.write_bytes(b"x")
    assert told.value.exit_code == 2
