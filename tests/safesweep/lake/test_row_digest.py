"""A digest of rows knows every value and no file's or batch's end."""

import datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from safesweep.lake.row_digest import RowDigest
from safesweep.lake.schema import SCHEMA
from tests.safesweep.lake.runs import row

ROWS = [row(number) for number in range(11)]


def digest(*tables, chunk=None):
    made = RowDigest()
    for table in tables:
        for batch in table.to_batches(max_chunksize=chunk):
            made.update(batch)
    assert made.rows == sum(map(len, tables))
    return made.hexdigest()


def of(rows):
    return pa.Table.from_pylist(rows, SCHEMA)


@pytest.mark.parametrize("chunk", [1, 2, 3, 7])
def test_however_rows_are_cut_they_have_one_digest(chunk):
    whole = digest(of(ROWS))
    assert digest(of(ROWS), chunk=chunk) == whole == digest(of(ROWS[:chunk]), of(ROWS[chunk:]))
    assert digest(of(ROWS).replace_schema_metadata({"a": "b"})) == whole


CHANGES = [
    {"picture": b""},
    {"picture": None},
    {"prompt": "another"},
    {"categories": None},
    {"categories": [None]},
    {"exchanges": None},
    {"evidence": [{"scorer": "c", "model": "m", "error": None, "measurements": None}]},
    {"evidence": [{"scorer": "c", "model": "m", "error": "", "measurements": []}]},
    {"guidance_scale": 4.000000000000001},
    {"benign": True},
    {"finished_at": datetime.datetime(2026, 11, 2, 0, 0, 1, tzinfo=datetime.UTC)},
]


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_any_value_changes_it(change):
    place = 3
    changed = [one if number != place else {**one, **change} for number, one in enumerate(ROWS)]
    assert digest(of(changed)) != digest(of(ROWS))


def test_order_number_names_and_types_change_it():
    whole = digest(of(ROWS))
    others = [
        of(ROWS[::-1]),
        of(ROWS[1:]),
        of(ROWS[:1] + ROWS),
        of(ROWS).rename_columns([f"{name}_" for name in SCHEMA.names]),
    ]
    shifted = [{**ROWS[0], "prompt": "ab", "prompt_id": "c"}, {**ROWS[0], "prompt": "a", "prompt_id": "bc"}]
    assert len({whole, *(digest(other) for other in others)}) == 5
    assert digest(of(shifted[:1])) != digest(of(shifted[1:]))


def test_columns_of_other_programs_are_taken():
    values = {
        "day": pa.array([datetime.date(2026, 1, 1), None]),
        "money": pa.array([Decimal("1.5"), Decimal("2.5")]),
        "word": pa.array(["a", "b"]).dictionary_encode(),
        "nothing": pa.nulls(2),
        "pairs": pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int32())),
        "three": pa.array([b"abc", b"abd"], pa.binary(3)),
        "two": pa.array([[1, 2], [3, 4]], pa.list_(pa.int8(), 2)),
    }
    table = pa.table(values)
    assert digest(table) == digest(table, chunk=1)
    for name in set(values) - {"nothing"}:
        place = table.schema.get_field_index(name)
        other = table.set_column(place, table.schema.field(name), table[name].take([1, 1]))
        assert digest(other) != digest(table), name
