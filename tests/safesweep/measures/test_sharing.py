"""What sharing saved."""

import math

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from safesweep.measures.sharing import sharing


def test_sums_equal_hand_counts(tmp_path):
    folder = tmp_path / "trials" / "run=r"
    folder.mkdir(parents=True)
    rows = [
        {
            "trial_id": "a",
            "status": "ok",
            "evidence": [],
            "rows": 30.0,
            "rows_alone": 50,
            "exchanges": [{"shared_by": 2}] * 3,
        },
        {
            "trial_id": "b",
            "status": "ok",
            "evidence": [],
            "rows": 30.0,
            "rows_alone": 50,
            "exchanges": [{"shared_by": 2}] * 3,
        },
        {"trial_id": "c", "status": "unscored", "evidence": None, "rows": 15.0, "rows_alone": 20, "exchanges": []},
    ]
    pq.write_table(pa.Table.from_pylist(rows), folder / "part-0.parquet")
    found = sharing(tmp_path, "r")
    assert found == (3, 75.0, 120.0, pytest.approx(3.0), 6)
    assert found.rows_saved == pytest.approx(1 - 75 / 120)


def test_what_a_gate_answered_was_not_asked(tmp_path):
    said = [{"shared_by": 2, "answered_by": who} for who in ("gate", "vlm", "vlm", None)]
    row = {"trial_id": "a", "status": "ok", "evidence": [], "rows": 1.0, "rows_alone": 2, "exchanges": said}
    (tmp_path / "trials" / "run=r").mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "trials" / "run=r" / "part-0.parquet")
    assert sharing(tmp_path, "r")[3:] == (pytest.approx(1.5), 3)


def test_a_run_without_trials(tmp_path):
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "r.json").write_text("{}")
    assert sharing(tmp_path, "r") == (0, 0, 0, 0, 0)
    assert math.isnan(sharing(tmp_path, "r").rows_saved)
