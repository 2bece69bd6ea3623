"""Reading a run."""

import math

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from safesweep.lake.layout import part_files
from safesweep.lake.manifest import write_manifest
from safesweep.lake.reader import connection, read_columns, read_whole_trials, run_files, source
from safesweep.lake.schema import SCHEMA as LAKE
from tests.safesweep.lake.rows import SCHEMA, exchange, scorer, trial, write_run

JUDGED = [scorer("q16", ("inappropriate", 0.9))]


def test_cut_off_files_are_left_out_without_a_manifest(tmp_path):
    write_run(tmp_path, [trial(0)], [trial(1)])
    torn = part_files(tmp_path, "r")[1]
    torn.write_bytes(torn.read_bytes()[: torn.stat().st_size // 2])
    torn.with_name("part-2.parquet").write_bytes(b"")
    files = run_files(tmp_path, "r")
    assert [path.name for path in files.complete] == ["part-0.parquet"]
    assert [path.name for path in files.incomplete] == ["part-1.parquet", "part-2.parquet"]


def test_the_manifest_decides(tmp_path):
    write_run(tmp_path, [trial(0)], [trial(1), trial(2)])
    write_manifest(tmp_path, "r", {"files": ["part-1.parquet"]})
    files = run_files(tmp_path, "r")
    assert [path.name for path in files.complete] == ["part-1.parquet"]
    assert [path.name for path in files.incomplete] == ["part-0.parquet"]
    write_manifest(tmp_path, "r", {"status": "running"})
    assert len(run_files(tmp_path, "r").complete) == 2


def test_an_unknown_run_is_named_with_the_nearest(tmp_path):
    write_run(tmp_path, [trial(0)], run_id="monday")
    with pytest.raises(FileNotFoundError, match="no run 'munday'.*did you mean 'monday'.*Known: monday"):
        run_files(tmp_path, "munday")


def test_a_failed_trials_evidence_is_not_read(tmp_path):
    write_run(tmp_path, [trial(0, evidence=JUDGED), trial(1, status="unscored", evidence=JUDGED)])
    files = run_files(tmp_path, "r").complete
    with connection() as opened:
        found = dict(opened.execute(f"SELECT trial_id, len(evidence) FROM {source(files)}").fetchall())
        whole = {
            row["trial_id"]: row
            for row in read_whole_trials(opened, files, "SELECT unnest(['t0', 't1'])", ["trial_id", "evidence"])
        }
    assert found == {"t0": 1, "t1": None}
    assert whole["t0"]["evidence"] == JUDGED and whole["t1"]["evidence"] is None


def test_columns_without_bytes(tmp_path):
    write_run(tmp_path, [trial(0, exchanges=[exchange("flame")])])
    with connection(threads=1) as opened:
        table = source(run_files(tmp_path, "r").complete)
        frame = read_columns(opened, table)
        assert set(frame.columns) == {*SCHEMA.names} - {"picture"}
        assert set(frame["exchanges"][0][0]) == {"step", "question", "answer", "terms", "seconds"}
        assert bytes(read_columns(opened, table, ["picture"])["picture"][0]) == b"png"
        with pytest.raises(ValueError, match=r"unknown columns \['sed'\]; known: .*seed"):
            read_columns(opened, table, ["sed"])


def test_whole_trials_by_their_ids_wherever_they_lie(tmp_path):
    """In several files and row groups; one that stands in two rows is read once."""
    rows = [trial(i, picture=f"png {i}".encode(), exchanges=[exchange("flame")]) for i in range(100)]
    write_run(tmp_path, rows[:60], rows[40:])
    for path in part_files(tmp_path, "r"):
        pq.write_table(pq.read_table(path, partitioning=None), path, row_group_size=25)
    wanted = [0, 24, 25, 41, 59, 60, 99]
    ids = ", ".join(f"'t{i}'" for i in wanted)
    files = part_files(tmp_path, "r")
    with connection() as opened:
        found = list(read_whole_trials(opened, files, f"SELECT unnest([{ids}])", ["trial_id", "picture", "exchanges"]))
    assert sorted(int(row["trial_id"][1:]) for row in found) == wanted
    assert all(row["picture"] == f"png {row['trial_id'][1:]}".encode() for row in found)
    assert all(row["exchanges"][0]["preview"] == b"webp" and row["status"] == "ok" for row in found)


def test_a_file_that_lacks_a_column_and_one_that_is_all_null(tmp_path):
    """A block in which nothing failed may have been written with null-typed errors, and first of all."""
    write_run(tmp_path, [trial(0)], [trial(1, error="why", status="unscored")])
    table = pa.Table.from_pylist([trial(2, evidence=JUDGED)])
    assert pa.types.is_null(table.schema.field("error").type)
    pq.write_table(table.drop_columns(["negative_scale"]), part_files(tmp_path, "r")[0])
    with connection() as opened:
        frame = read_columns(opened, source(run_files(tmp_path, "r").complete)).set_index("trial_id")
    assert frame.loc["t1", "error"] == "why" and math.isnan(frame.loc["t2", "negative_scale"])


def test_order_is_the_files_when_it_is_asked_for(tmp_path):
    rows = [trial(i) for i in range(5000)]
    write_run(tmp_path, rows[:2500], rows[2500:])
    with connection(ordered=True) as opened:
        found = opened.execute(f"SELECT trial_id FROM {source(run_files(tmp_path, 'r').complete)}").fetchall()
    assert [name for (name,) in found] == [row["trial_id"] for row in rows]


def test_exchanges_of_before_they_had_a_record_are_read_beside_those_of_today(tmp_path):
    assert "finish_reason" not in str(SCHEMA.field("exchanges").type), "rows.py writes them as they were"
    write_run(tmp_path, [trial(0, exchanges=[exchange("flame")])])
    [old] = tmp_path.glob("trials/*/*.parquet")
    row = {**trial(1), "exchanges": [{**exchange("skull"), "finish_reason": "stop", "completion_tokens": 3}]}
    today = {name: value for name, value in row.items() if name in LAKE.names}
    pq.write_table(pa.Table.from_pylist([today], LAKE), old.with_name("part-9.parquet"))
    files = sorted(old.parent.glob("*.parquet"))
    with duckdb.connect() as opened:
        ids = ", ".join(repr(row["trial_id"]) for row in (trial(0), trial(1)))
        found = list(read_whole_trials(opened, files, f"SELECT unnest([{ids}])", ["trial_id", "exchanges"]))
        terms = {one["trial_id"]: one["exchanges"][0]["terms"] for one in found}
        assert terms == {trial(0)["trial_id"]: ["flame"], trial(1)["trial_id"]: ["skull"]}
        union = f"read_parquet({[str(file) for file in files]}, union_by_name = true)"
        said = opened.execute(
            f"SELECT exchanges[1].terms[1], exchanges[1].finish_reason FROM {union} ORDER BY ALL"
        ).fetchall()
        assert said == [("flame", None), ("skull", "stop")]
