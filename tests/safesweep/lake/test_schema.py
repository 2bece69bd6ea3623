"""Rows as the lake stores them."""

import pyarrow as pa

from safesweep.lake.schema import SCHEMA, from_records, to_record


def test_rows_with_and_without_pictures_and_exchanges_share_one_schema():
    exchange = {"step": 3, "preview": b"x", "question": "q", "answer": "a", "terms": [], "seconds": 0.5, "shared_by": 2}
    exchange |= {"finish_reason": "stop", "prompt_tokens": 7, "completion_tokens": 3}
    exchange |= {"answered_by": "vlm", "audited": True, "gate_terms": ["a"], "gate_confidence": 0.99}
    rows = [
        {"trial_id": "a", "status": "ok", "picture": b"png", "exchanges": [exchange], "evidence": [], "categories": []},
        {"trial_id": "b", "status": "unscored", "error": "why", "exchanges": [], "evidence": [], "categories": ["x"]},
    ]
    table = from_records([to_record(row) for row in rows])
    assert table.schema == SCHEMA
    back = table.to_pylist()
    assert back[0]["exchanges"] == [exchange] and back[1]["exchanges"] == []
    assert back[0]["error"] is None and back[1]["picture"] is None


def test_rows_are_one_piece_so_that_passing_them_on_costs_no_more_with_each():
    records = [to_record({"trial_id": str(place), "picture": b"png", "categories": ["x"]}) for place in range(16)]
    assert [column.num_chunks for column in from_records(records).columns] == [1] * len(SCHEMA)


def test_no_records_give_an_empty_table_of_the_schema():
    assert from_records([]).schema == SCHEMA
    assert isinstance(from_records([]), pa.Table)
