"""Parquet files as the hub has them."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from safesweep.prompts.reader import read_prompts


def test_parquet_reads_only_the_columns_it_needs(tmp_path: Path) -> None:
    table = pa.table({
        "Prompt": pa.array(["a", "b"]).dictionary_encode(),
        "seed": pa.array([3.0, None], pa.float64()),
        "categories": [["x", "y"], None],
        "image": [{"bytes": b"1"}, {"bytes": b"2"}],
    })  # fmt: skip
    pq.write_table(table, tmp_path / "hub.parquet")
    prompts, report = read_prompts(tmp_path / "hub.parquet")
    assert [(p.text, p.seed, p.categories) for p in prompts] == [("a", 3, ("x", "y")), ("b", 1, ())]
    assert report.ignored == ("image",)
