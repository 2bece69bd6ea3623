"""A trial as the lake stores it: the parquet schema, and how a row travels between the stages.

A row travels as one Arrow record batch in bytes: were it a dict, Ray Data would infer a type a block, and an empty list or an absent error
would give files of different schemas.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

RECORD = "record"
"""Name of the only column between the diffusion and the first scoring stage."""

EXCHANGE = pa.struct(
    [
        ("step", pa.int32()),
        ("preview", pa.binary()),
        ("question", pa.string()),
        ("answer", pa.string()),
        ("terms", pa.list_(pa.string())),
        ("seconds", pa.float64()),
        ("shared_by", pa.int32()),
        ("finish_reason", pa.string()),
        ("prompt_tokens", pa.int32()),
        ("completion_tokens", pa.int32()),
        ("answered_by", pa.string()),
        ("audited", pa.bool_()),
        ("gate_terms", pa.list_(pa.string())),
        ("gate_confidence", pa.float64()),
    ]
)
LOOK = pa.struct([("step", pa.int32()), ("probability", pa.float64()), ("negative_scale", pa.float64())])
MEASUREMENT = pa.struct([("label", pa.string()), ("score", pa.float64()), ("box", pa.list_(pa.float64()))])
EVIDENCE = pa.struct(
    [
        ("scorer", pa.string()),
        ("model", pa.string()),
        ("error", pa.string()),
        ("measurements", pa.list_(MEASUREMENT)),
    ]
)
SCHEMA = pa.schema(
    [
        ("run_id", pa.string()),
        ("trial_id", pa.string()),
        ("repeat_of", pa.string()),
        ("prompt_id", pa.string()),
        ("prompt", pa.string()),
        ("prompt_hash", pa.string()),
        ("tokens_lost", pa.int32()),
        ("prompt_set", pa.string()),
        ("benign", pa.bool_()),
        ("categories", pa.list_(pa.string())),
        ("prompt_row", pa.int64()),
        ("source", pa.string()),
        ("source_sha256", pa.string()),
        ("method", pa.string()),
        ("cell", pa.string()),
        ("cell_json", pa.string()),
        ("guidance_scale", pa.float64()),
        ("negative_scale", pa.float64()),
        ("solver", pa.string()),
        ("num_inference_steps", pa.int32()),
        ("seed", pa.int64()),
        ("sample_index", pa.int32()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("status", pa.string()),
        ("error", pa.string()),
        ("picture", pa.binary()),
        ("exchanges", pa.list_(EXCHANGE)),
        ("looks", pa.list_(LOOK)),
        ("evidence", pa.list_(EVIDENCE)),
        ("rows", pa.float64()),
        ("rows_alone", pa.int32()),
        ("compute_seconds", pa.float64()),
        ("seconds", pa.float64()),
        ("models", pa.string()),
        ("versions", pa.string()),
        ("git_revision", pa.string()),
        ("finished_at", pa.timestamp("ms", tz="UTC")),
    ]
)
"""Columns of the lake; docs/lake.md explains each."""


def to_record(row: Mapping[str, Any]) -> bytes:
    """One row, all columns of ``SCHEMA`` named, as an Arrow record batch without its schema, which both ends know."""
    made: bytes = pa.RecordBatch.from_pylist([dict(row)], schema=SCHEMA).serialize().to_pybytes()
    return made


def from_records(records: Sequence[bytes]) -> pa.Table:
    """Rows made by ``to_record`` as a table of ``SCHEMA``, each column in one piece.

    A piece a row would make Ray's passing on of 16 rows to the next stage, which copies each piece of each column by itself, take fifteen
    times as long.
    """
    batches = [pa.ipc.read_record_batch(pa.py_buffer(record), SCHEMA) for record in records]
    return pa.Table.from_batches(batches, SCHEMA).combine_chunks()
