"""Rows that stand elsewhere, too."""

import pyarrow.parquet as pq

from safesweep.lake.copies import own_rows
from tests.safesweep.lake.runs import row, write


def test_rows_are_copies_when_every_column_is_equal(tmp_path):
    one = write(tmp_path / "part-1.parquet", [row(0), row(4), row(6)])
    two = write(tmp_path / "part-2.parquet", [row(6), row(7)])
    three = write(tmp_path / "part-3.parquet", [row(4), row(0)])
    assert own_rows(one, [two, three]) == 0 and own_rows(one, [one, two, three]) == 0
    assert own_rows(one, [two]) == 2 and own_rows(one, []) == own_rows(one, [one]) == 3
    for change in ({"picture": b"x"}, {"exchanges": []}, {"evidence": []}, {"error": "x"}, {"rows": None}):
        assert own_rows(one, [two, write(tmp_path / "part-4.parquet", [row(0, **change), row(4)])]) == 1, change


def test_a_row_that_is_there_twice_must_be_elsewhere_twice(tmp_path):
    twice = write(tmp_path / "part-1.parquet", [row(0), row(0)])
    assert own_rows(twice, [write(tmp_path / "part-2.parquet", [row(0)])]) == 1


def test_a_column_that_the_others_have_not_makes_all_rows_its_own(tmp_path):
    other = write(tmp_path / "part-2.parquet", [row(0)])
    wide = pq.read_table(other).append_column("mood", [["calm"]])
    pq.write_table(wide, tmp_path / "part-1.parquet")
    assert own_rows(tmp_path / "part-1.parquet", [other]) == 1 and own_rows(other, [tmp_path / "part-1.parquet"]) == 0
