"""Shards become one run: equal to one that one job had made, or refused by name."""

import copy

import pyarrow.parquet as pq
import pytest

from safesweep.errors import InputError
from safesweep.lake.layout import lease_path, manifest_path, part_files, trials_folder
from safesweep.lake.manifest import read_manifest, write_manifest
from safesweep.lake.merge import merge
from safesweep.lake.repeats import repeat_id
from tests.safesweep.lake.killing import every_file, killed_at
from tests.safesweep.lake.runs import CONFIG, finished, row, table


def config(shard, **changes):
    made = copy.deepcopy(CONFIG)
    made["prompts"][0]["shard"] = shard
    return {**made, "run_id": shard, **changes}


def shards(lake, *runs):
    """Runs s1, s2, … of these trials, each its shard."""
    for place, files in enumerate(runs, 1):
        finished(lake, *files, run_id=f"s{place}", config=config(f"{place}/{len(runs)}"))
    return [f"s{place}" for place in range(1, len(runs) + 1)]


def test_the_union_is_the_run_that_one_job_had_made(tmp_path):
    parts = shards(tmp_path, [[0, 2], [4]], [[1, 3]])
    before = every_file(tmp_path)
    done = merge(tmp_path, parts, "all")
    assert (done.trials, done.shared, done.repeats, done.files) == (5, 0, 0, 1)
    wanted = table(finished(tmp_path / "whole", [0, 2, 4, 1, 3], run_id="all"), "all")
    assert repr(table(tmp_path, "all").to_pylist()) == repr(wanted.to_pylist())
    manifest = read_manifest(tmp_path, "all")
    counts = [manifest[key] for key in ("expected_trials", "held_trials", "unscored_trials", "prompts")]
    assert counts == [5, 5, 1, 5] and manifest["status"] == "complete" and manifest["run_id"] == "all"
    assert manifest["config"]["prompts"][0]["shard"] is None and manifest["config"]["run_id"] == "all"
    assert [(part["run_id"], part["held_trials"]) for part in manifest["parts"]] == [("s1", 3), ("s2", 2)]
    assert manifest["parts"][1]["rows"]["prompts"][0]["shard"] == "2/2" and "merging" not in manifest
    assert {
        key: value
        for key, value in every_file(tmp_path).items()
        if "=all" not in key and "all.json" not in key and "whole" not in key
    } == before


def test_a_trial_that_two_parts_made_is_taken_once(tmp_path):
    done = merge(tmp_path, shards(tmp_path, [[0, 1]], [[1, 2]]), "all")
    assert (done.trials, done.shared) == (3, 1)
    assert [int(one, 16) for one in table(tmp_path, "all")["trial_id"].to_pylist()] == [0, 1, 2]


def test_one_picture_for_two_rows_is_a_repeat_as_in_one_run(tmp_path):
    own = row(1, "s2")
    asked = {**own, "trial_id": row(0)["trial_id"], "picture": row(0)["picture"]}
    third = {**row(2, "s3"), "trial_id": row(0)["trial_id"], "picture": row(0)["picture"]}
    done = merge(tmp_path, shards(tmp_path, [[0]], [[asked, 3]], [[third]]), "all")
    assert (done.trials, done.shared, done.repeats) == (4, 0, 2)
    rows = table(tmp_path, "all").to_pylist()
    first = row(0)["trial_id"]
    named = [repeat_id(first, ("mine", "mine.csv", place, 0)) for place in (1, 2)]
    assert [one["trial_id"] for one in rows] == [first, named[0], row(3)["trial_id"], named[1]]
    assert [one["repeat_of"] for one in rows] == [None, first, None, first]


def test_pictures_that_are_not_equal_are_refused_by_name(tmp_path):
    parts = shards(tmp_path, [[0, 1]], [[row(1, "s2", picture=b"another"), 2]])
    before = every_file(tmp_path)
    with pytest.raises(
        InputError, match=rf"trial {row(1)['trial_id']}: its picture in run 's2' is another than in 's1'"
    ):
        merge(tmp_path, parts, "all")
    assert every_file(tmp_path) == before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"config": config("2/2", seed=2)}, "config.seed is 2, of 's1' 1"),
        (
            {"config": config("2/2", diffusion={"model": "m", "dtype": "float16"})},
            "config.diffusion.dtype is 'float16', of 's1' 'float32'",
        ),
        ({"cells": []}, "cells is"),
        ({"profile": "q16"}, "profile is 'q16', of 's1' 'miniature'"),
        ({"models": {"diffusion": "m@2"}}, "models.diffusion is 'm@2', of 's1' 'm@1'"),
        (
            {"prompt_sets": [["mine", "mine.csv", "6" * 64]]},
            "prompt_sets: mine.csv of set 'mine' is 555555555555… in run 's1'",
        ),
        ({"benign_sets": ["mine"]}, "benign_sets: set 'mine' is benign in one of runs 's1' and 's2' alone"),
        ({"near_miss_sets": ["mine"]}, "near_miss_sets: set 'mine' is a near miss in one of runs 's1' and 's2' alone"),
    ],
)
def test_another_configuration_is_refused_by_its_key(tmp_path, change, words):
    parts = shards(tmp_path, [[0]], [[1]])
    write_manifest(tmp_path, "s2", {**read_manifest(tmp_path, "s2"), **change})
    with pytest.raises(InputError) as refused:
        merge(tmp_path, parts, "all")
    assert words in str(refused.value)
    assert not manifest_path(tmp_path, "all").exists() and not trials_folder(tmp_path, "all").exists()


def test_where_a_shard_ran_and_its_limit_may_differ(tmp_path):
    parts = shards(tmp_path, [[0]], [[1]])
    other = config("2/2", limit=5, address="auto", diffusion={"model": "m", "dtype": "float32", "actors": 8})
    write_manifest(tmp_path, "s2", {**read_manifest(tmp_path, "s2"), "config": other, "git_revision": "1" * 40})
    merge(tmp_path, parts, "all")
    manifest = read_manifest(tmp_path, "all")
    assert manifest["config"]["limit"] is None
    assert manifest["warnings"] == ["merged from runs that differ in git_revision: the rows say each one's"]


def test_names_that_cannot_be_are_refused(tmp_path):
    parts = shards(tmp_path, [[0]], [[1]])
    for given, into, words in (
        (["s1"], "all", "allowed: two runs or more"),
        (["s1", "s1"], "all", "allowed: two runs or more, each once"),
        (parts, "s1", "into: 's1'; allowed: another name"),
        (parts, "../all", "into: '../all'; allowed"),
        (["s1", "s3"], "all", "no run 's3'"),
    ):
        with pytest.raises(InputError, match=words):
            merge(tmp_path, given, into)
    finished(tmp_path, [7], run_id="all")
    with pytest.raises(InputError, match="run 'all' is in lake .* already"):
        merge(tmp_path, parts, "all")
    manifest = read_manifest(tmp_path, "s2")
    del manifest["files"]
    write_manifest(tmp_path, "s2", {**manifest, "status": "running"})
    with pytest.raises(InputError, match="is running and names no files"):
        merge(tmp_path, parts, "new")


def test_an_incomplete_part_makes_the_union_incomplete(tmp_path):
    parts = shards(tmp_path, [[0]], [[1]])
    write_manifest(tmp_path, "s2", {**read_manifest(tmp_path, "s2"), "expected_trials": 3, "status": "incomplete"})
    merge(tmp_path, parts, "all")
    manifest = read_manifest(tmp_path, "all")
    assert (manifest["status"], manifest["expected_trials"], manifest["held_trials"]) == ("incomplete", 4, 2)


def test_killed_at_any_change_and_started_again_it_ends_as_if_it_had_not_been(tmp_path):
    parts = shards(tmp_path / "reference", [[0, 1]], [[1, 2]])
    with killed_at(10**9) as switch:
        merge(tmp_path / "reference", parts, "all")
    wanted = every_file(tmp_path / "reference" / "trials")
    assert switch.count >= 6
    for at in range(switch.count):
        lake = tmp_path / f"lake-{at}"
        shards(lake, [[0, 1]], [[1, 2]])
        with killed_at(at) as tried:
            merge(lake, parts, "all")
        assert tried.count > at
        for run_id in (*parts, "all"):
            lease_path(lake, run_id).unlink(missing_ok=True)  # of a dead process
        merge(lake, parts, "all")
        assert every_file(lake / "trials") == wanted and read_manifest(lake, "all")["status"] == "complete"


def test_files_end_near_the_target(tmp_path, monkeypatch):
    monkeypatch.setattr("safesweep.lake.streaming.GROUP_ROWS", 1)
    merge(tmp_path, shards(tmp_path, [[0], [1], [2]], [[3]]), "all", target_mb=1e-6)
    files = part_files(tmp_path, "all")
    assert [path.name for path in files] == [f"part-merged-{place:06d}.parquet" for place in range(4)]
    assert [pq.read_metadata(path).num_rows for path in files] == [1, 1, 1, 1]
