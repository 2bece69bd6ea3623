"""A run's prompts outside of memory: written to a temporary file as they are read, and given back a batch at a time."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import pyarrow as pa

from safesweep.types import Prompt

ROWS = 8192
"""Prompts a batch."""
SCHEMA = pa.schema(
    [
        ("text", pa.string()),
        ("seed", pa.int64()),
        ("guidance_scale", pa.float64()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("prompt_id", pa.string()),
        ("row", pa.int64()),
        ("categories", pa.list_(pa.string())),
        ("prompt_set", pa.string()),
        ("source", pa.string()),
        ("source_sha256", pa.string()),
        ("benign", pa.bool_()),
    ]
)
"""The fields of ``Prompt``, and whether its set is benign."""
_FIELDS = SCHEMA.names[:-1]


class SetOfPrompts(NamedTuple):
    """What the prompts of a set have in common."""

    prompt_set: str
    source: str
    source_sha256: str
    benign: bool


class PromptBatches:
    """Prompts in the order in which they were added; memory does not grow with their number.

    The file has no name: it is gone with the process, however that ends.
    """

    def __init__(self) -> None:
        self._sets: Counter[tuple[Any, ...]] = Counter()
        # it lives as long as this object, and closes with it
        self._file = tempfile.TemporaryFile(prefix="safesweep-")  # noqa: SIM115
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        self._writer: Any = pa.ipc.new_file(self._file, SCHEMA, options=options)
        self._pending: list[tuple[Prompt, bool]] = []
        self.near_miss: set[str] = set()
        """Names of the benign sets whose prompts look dangerous."""

    def __len__(self) -> int:
        return self._sets.total() + len(self._pending)

    @property
    def sets(self) -> dict[SetOfPrompts, int]:
        """Set -> its prompts."""
        self._flush()
        return {SetOfPrompts(*values): count for values, count in self._sets.items()}

    def add(self, prompt: Prompt, benign: bool, near_miss: bool = False) -> None:
        """Takes one more prompt. Not allowed once they were looked at."""
        if near_miss:
            self.near_miss.add(prompt.prompt_set)
        self._pending.append((prompt, benign))
        if len(self._pending) == ROWS:
            self._flush()

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All of them, ``ROWS`` prompts each but the last, with the columns of ``SCHEMA``."""
        if self._writer is not None:
            self._flush()
            self._writer.close()
            self._writer = None
        reader = pa.ipc.open_file(self._file)
        for number in range(reader.num_record_batches):
            yield reader.get_batch(number)

    def prompts(self) -> Iterator[tuple[Prompt, bool]]:
        """Each prompt, with whether its set is benign."""
        for batch in self.batches():
            yield from prompts_of(batch)

    def _flush(self) -> None:
        pending, self._pending = self._pending, []
        if pending:
            columns = [[getattr(prompt, name) for prompt, _ in pending] for name in _FIELDS]
            columns.append([benign for _, benign in pending])
            self._sets.update(zip(*columns[-len(SetOfPrompts._fields) :], strict=True))
            arrays = [pa.array(values, kind) for values, kind in zip(columns, SCHEMA.types, strict=True)]
            self._writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=SCHEMA))


def packed(batch: pa.RecordBatch) -> bytes:
    """A batch in little memory, as ``unpacked`` takes it."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_batch(batch)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def unpacked(content: bytes) -> pa.RecordBatch:
    """The batch that was ``packed``."""
    return pa.ipc.open_stream(content).read_next_batch()


def prompts_of(batch: pa.RecordBatch | pa.Table) -> Iterator[tuple[Prompt, bool]]:
    """The prompts of rows with the columns of ``SCHEMA``, each with whether its set is benign."""
    columns = [batch[name].to_pylist() for name in _FIELDS]
    for benign, *values in zip(batch["benign"].to_pylist(), *columns, strict=True):
        values[7] = tuple(values[7])
        yield Prompt(*values), benign
