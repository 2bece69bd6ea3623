"""jobs/lake.py: each of its commands as a user starts it, and what reads the runs afterwards."""

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from jobs.compare import COMMAND as COMPARE
from jobs.lake import COMMAND
from jobs.report import COMMAND as REPORT
from safesweep.lake.layout import part_files
from safesweep.lake.manifest import read_manifest, write_manifest
from tests.jobs.conftest import call
from tests.safesweep.lake.runs import finished
from tests.safesweep.regression.lakes import DYNAMIC, write_run

CELLS = (("none", "none"), ("dynamic_negative", DYNAMIC))


def lake(place, *words):
    return call(COMMAND, *words, "--lake", str(place))


def test_compact(tmp_path):
    finished(tmp_path, [0], [1], [2, 3])
    done = lake(tmp_path, "compact", "r", "--grace_s", "0", "--target_mb", "64")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == "run r: 4 trials in 1 files, 3 before; 3 files removed\n"
    done = lake(tmp_path, "compact", "R")
    assert (done.exit_code, done.stdout) == (2, "") and "run_id: no run 'R' in lake" in done.stderr
    assert done.stderr.count("\n") == 1


def test_check_ends_with_4_until_all_is_repaired(tmp_path):
    finished(tmp_path, [0], [1])
    stale = part_files(tmp_path, "r")[0].with_name("part-9.parquet.new")
    stale.write_bytes(b"half")
    done = lake(tmp_path, "check")
    assert done.exit_code == 4 and done.stdout.splitlines()[1] == "1 runs: 1 findings, 0 repaired"
    assert done.stdout.startswith("found     r: part-9.parquet.new: a killed writer left it; --repair removes it\n")
    done = lake(tmp_path, "check", "r", "--repair")
    assert done.exit_code == 0 and done.stdout.startswith("repaired  r: part-9") and not stale.exists()
    assert lake(tmp_path, "check", "--quick").stdout == "1 runs: 0 findings, 0 repaired\n"
    assert lake(tmp_path, "check", "r", "q").exit_code == 2


def test_export(tmp_path):
    write_run(tmp_path / "lake", "one", hazards=2, benign=1)
    done = lake(tmp_path / "lake", "export", "one", str(tmp_path / "out"))
    assert done.exit_code == 0 and done.stdout.startswith(f"export    {tmp_path / 'out'} (3 trials: ")
    assert len(list((tmp_path / "out").glob("pictures/*/*.png"))) == 3
    done = lake(tmp_path / "lake", "export", "one", str(tmp_path / "out"))
    assert done.exit_code == 2 and "allowed: a new folder, or an empty one" in done.stderr
    done = lake(tmp_path / "lake", "export", "one", str(tmp_path / "one.parquet"), "--format", "parquet")
    assert done.exit_code == 0 and (tmp_path / "one.parquet").is_file()


@pytest.fixture
def two_shards(tmp_path):
    """A run of 12 prompts in two cells as one job makes it, and as two shards of it."""
    place = tmp_path / "lake"
    write_run(place, "whole", hazards=6, benign=6, cells=CELLS, samples=2)
    for name, first in (("s1", 0), ("s2", 1)):
        part = write_run(place, name, hazards=6, benign=6, cells=CELLS, samples=2)

        [file] = part.files()
        rows = pq.read_table(file, partitioning=None)
        mine = rows.filter(pc.equal(pc.bit_wise_and(rows["prompt_row"], 1), first))
        pq.write_table(mine, file)
        config = {"prompts": [{"path": "p.csv", "shard": f"{first + 1}/2"}]}
        counts = {"expected_trials": len(mine), "held_trials": len(mine)}
        write_manifest(place, name, {**read_manifest(place, name), **counts, "config": config})
    return place


def test_merge_and_what_reads_it(two_shards, tmp_path):
    place = two_shards
    done = lake(place, "merge", "s1", "s2", "--into", "all")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith(
        "run all: 48 trials of 2 runs in 1 files, 0 that several had made taken once, 0 repeats"
    )
    same = call(COMPARE, "whole", "all", "--lake", str(place))
    assert same.exit_code in (0, 4) and "error" not in same.stderr and "48" in same.stdout
    page = tmp_path / "page.html"
    words = ["--run", "all", "--pictures", "1", "--draws", "100", "--out", str(page)]
    assert call(REPORT, str(place), *words).exit_code == 0 and page.is_file()
    assert lake(place, "check").exit_code == 0
    again = lake(place, "merge", "s1", "s2", "--into", "all")
    assert again.exit_code == 2 and "is in lake" in again.stderr
