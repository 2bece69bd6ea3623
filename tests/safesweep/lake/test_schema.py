"""Rows as the lake stores them."""

import numpy as np
import pyarrow as pa

from safesweep.lake.schema import PREVIEW_SIDE, SCHEMA, from_records, png, preview_webp, to_record, unpack_picture


def picture(seed: int, side: int = 64) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)


def test_rows_with_and_without_pictures_and_exchanges_share_one_schema():
    exchange = {"step": 3, "preview": b"x", "question": "q", "answer": "a", "terms": [], "seconds": 0.5, "shared_by": 2}
    rows = [
        {"trial_id": "a", "status": "ok", "picture": b"png", "exchanges": [exchange], "evidence": [], "categories": []},
        {"trial_id": "b", "status": "unscored", "error": "why", "exchanges": [], "evidence": [], "categories": ["x"]},
    ]
    table = from_records([to_record(row) for row in rows])
    assert table.schema == SCHEMA
    back = table.to_pylist()
    assert back[0]["exchanges"] == [exchange] and back[1]["exchanges"] == []
    assert back[0]["error"] is None and back[1]["picture"] is None


def test_no_records_give_an_empty_table_of_the_schema():
    assert from_records([]).schema == SCHEMA
    assert isinstance(from_records([]), pa.Table)


def test_pictures_are_stored_without_loss_and_previews_small():
    assert np.array_equal(unpack_picture(png(picture(1))), picture(1))
    small = unpack_picture(preview_webp(picture(2, side=512)))
    assert max(small.shape[:2]) == PREVIEW_SIDE
