"""A plan's requests as Ray Data blocks: few are made here, many by tasks, from prompts that lie in the object store."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import pyarrow as pa
import ray
import ray.data
from ray.data import Dataset, Datasource, ReadTask
from ray.data.block import BlockMetadata

from pipelines.plan import Mask, Part, RunPlan, part_requests
from pipelines.shared_rows import shared_requests
from pipelines.trial_names import Row, TrialNames
from safesweep.lake.schema import SCHEMA
from safesweep.prompts.batches import packed, unpacked

MADE_HERE = 4096
"""Trials up to which no worker is started only to name them."""
A_TASK = 4096
"""Prompts that one task makes requests of, at least."""
TASKS_AT_A_TIME = 2
TASK_CPUS = 0.2
ROW_BYTES = 1500
"""About what a request takes in memory; Ray Data plans with it."""
OF_THE_LAKE = (
    *("prompt_id", "prompt", "prompt_hash", "prompt_set", "benign", "categories", "prompt_row"),
    *("source", "source_sha256", "seed", "sample_index", "width", "height"),
)
REQUEST = pa.schema(
    [
        *(SCHEMA.field(name) for name in OF_THE_LAKE),
        ("cells", pa.list_(pa.int64())),
        ("trial_ids", pa.list_(pa.string())),
        ("guidance_scales", pa.list_(pa.float64())),
        ("repeats", pa.string()),
    ]
)
"""What a diffusion actor takes."""


def request_blocks(plan: RunPlan, rows_per_block: int) -> tuple[Dataset, int]:
    """The plan's requests in blocks of at most ``rows_per_block``, and about how many blocks.

    A large plan's driver holds neither its rows nor their names: tasks make them from its prompts, as fast as the stages behind take
    them.
    """
    blocks = max(1, math.ceil(plan.prompt_samples / rows_per_block))
    if plan.trials <= MADE_HERE:
        # from_items makes its blocks here; from_arrow would start a worker for each only to read its schema
        rows = [{name: row[name] for name in REQUEST.names} for row in plan.requests()]
        return ray.data.from_items(rows, override_num_blocks=min(blocks, len(rows))), blocks
    source = RequestSource(plan)
    dataset = ray.data.read_datasource(
        source,
        # Ray Data divides each task's block by how many more are asked for, and makes no task of two stages where it does
        override_num_blocks=max(2, math.ceil(source.most_rows / rows_per_block)) * source.tasks,
        concurrency=TASKS_AT_A_TIME,
        num_cpus=TASK_CPUS,
    )
    return dataset, blocks


class _Task(NamedTuple):
    make: Callable[[], Iterator[Row]]
    rows: int
    """At most."""


class RequestSource(Datasource):
    """Ray Data's view of a plan: tasks that make its requests."""

    def __init__(self, plan: RunPlan) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        names = ray.put(plan.names)
        samples = plan.names.samples
        found = [
            _Task(
                partial(_of_parts, [ray.put(_packed(part)) for part in some], names), samples * sum(map(_prompts, some))
            )
            for some in _grouped(plan.parts())
        ]
        if plan.shared:
            found.insert(0, _Task(partial(_of_shared, ray.put(list(plan.shared))), len(plan.shared)))
        self._tasks = found
        self._bytes = plan.prompt_samples * ROW_BYTES

    @property
    def tasks(self) -> int:
        """How many tasks there are."""
        return len(self._tasks)

    @property
    def most_rows(self) -> int:
        """Requests of the task that makes the most, at most."""
        return max(task.rows for task in self._tasks)

    def estimate_inmemory_data_size(self) -> int:
        return self._bytes

    def get_read_tasks(self, parallelism: int, *_: Any, **__: Any) -> list[ReadTask]:
        return [
            ReadTask(partial(_block, task.make), BlockMetadata(task.rows, task.rows * ROW_BYTES, None, None))
            for task in self._tasks
        ]


def _grouped(parts: Iterable[Part]) -> Iterator[list[Part]]:
    """Parts of which little is left together: at least ``A_TASK`` prompts, but for the last."""
    some: list[Part] = []
    for part in parts:
        some.append(part)
        if sum(map(_prompts, some)) >= A_TASK:
            yield some
            some = []
    if some:
        yield some


def _packed(part: Part) -> tuple[bytes, Mask | None]:
    return packed(part.prompts), part.wanted


def _prompts(part: Part) -> int:
    return int(part.prompts.num_rows)


def _of_parts(parts: Sequence[Any], names: Any) -> Iterator[Row]:
    own: TrialNames = ray.get(names)
    for part in parts:
        prompts, wanted = ray.get(part)
        yield from part_requests(Part(unpacked(prompts), wanted), own)


def _of_shared(rows: Any) -> Iterator[Row]:
    return shared_requests(ray.get(rows))


def _block(make: Callable[[], Iterator[Row]]) -> list[pa.Table]:
    return [pa.Table.from_pylist(list(make()), schema=REQUEST)]
