"""Which trials a run consists of, and which of them are still to be made.

Prompts stay in a file and trials are named a batch at a time, so that memory does not grow with their number. What is kept are the rows
whose picture another row asks for too, and a bit a trial once the lake has been looked into.
"""

import json
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from actors.settings import DiffusionSettings
from pipelines.config import RunConfig
from pipelines.prompt_sets import PromptSets
from pipelines.shared_rows import name_repeats, rows_without, shared_requests
from pipelines.trial_names import Row, TrialNames, pick
from safesweep.errors import InputError
from safesweep.guidance.cell import Cell
from safesweep.lake.repeats import Line
from safesweep.lake.trial_ids import TrialIds
from safesweep.models.checkpoint import digest
from safesweep.prompts.batches import PromptBatches, prompts_of
from safesweep.types import Prompt

Mask = NDArray[np.bool_]
_DECIDING = ("text", "seed", "guidance_scale", "width", "height")
"""Columns of a batch of prompts that decide its pictures."""


class Part(NamedTuple):
    """Some prompts of a run, none of whose pictures other prompts ask for."""

    prompts: pa.RecordBatch
    """With the columns of ``safesweep.prompts.batches.SCHEMA``."""
    wanted: Mask | None
    """Of each trial, in the order of prompts, samples and cells, whether it is to be made; None: all are."""

    def rows(self, names: TrialNames) -> Iterator[Row]:
        """One a prompt × sample that has a trial to be made, with those of its cells, as ``TrialNames.rows`` gives them."""
        at = 0
        for prompt, benign in prompts_of(self.prompts):
            for row in names.rows(prompt, benign):
                if self.wanted is None:
                    yield row
                    continue
                wanted = self.wanted[at : at + len(row["cells"])]
                at += len(wanted)
                if wanted.any():
                    yield row if wanted.all() else pick(row, np.flatnonzero(wanted).tolist())


class _Left(NamedTuple):
    """What of a batch of prompts is left to be made."""

    prompts: NDArray[np.intp]
    wanted: NDArray[np.uint8]
    """A bit a trial of these prompts."""
    trials: int
    """Of these prompts, bits that count."""

    def mask(self) -> Mask:
        """``wanted`` as a flag a trial."""
        return np.unpackbits(self.wanted, count=self.trials).astype(np.bool_)


@dataclass(frozen=True, eq=False)
class RunPlan:
    """Trials of a run: all of them, or those that the lake does not hold yet."""

    cells: tuple[Cell, ...]
    names: TrialNames
    prompts: PromptBatches
    """All prompts of the run."""
    prompt_samples: int
    """Prompts × samples that have a trial here."""
    a_cell: tuple[int, ...]
    """Of each cell, its trials."""
    repeated: int
    """Trials of the run whose picture another row of the prompt sets already asks for: same text, seed, size and cell."""
    shared: tuple[Row, ...] = ()
    """The rows of prompts whose pictures other rows ask for too."""
    sharing: NDArray[np.intp] = field(default_factory=lambda: np.zeros(0, dtype=np.intp))
    """The numbers of these prompts, counted from 0 over all sets; ascending."""
    left: Mapping[int, _Left] | None = None
    """Number of a batch -> what of its other prompts is to be made; None: all of them."""
    notes: tuple[str, ...] = ()
    """What a user should know of the prompt files, one line each."""

    @property
    def trials(self) -> int:
        """How many there are."""
        return sum(self.a_cell)

    @property
    def steps(self) -> int:
        """Solver steps of all trials, each by itself."""
        return sum(count * cell.num_inference_steps for count, cell in zip(self.a_cell, self.cells, strict=True))

    @property
    def asks(self) -> bool:
        """Whether any cell asks the VLM."""
        return any(cell.guidance.needs_vlm for cell in self.cells)

    def parts(self) -> Iterator[Part]:
        """The prompts that share no picture with others, a batch at a time."""
        for number, batch, own in self._batches():
            if self.left is None:
                yield Part(batch.take(pa.array(own)), None)
            elif number in self.left:
                left = self.left[number]
                yield Part(batch.take(pa.array(left.prompts)), left.mask())

    def rows(self) -> Iterator[Row]:
        """One a prompt × sample that has a trial here, as ``TrialNames.rows`` gives them; the rows that share pictures first."""
        yield from self.shared
        for part in self.parts():
            yield from part.rows(self.names)

    def requests(self) -> Iterator[Row]:
        """The rows as they are computed: each picture once, by the first row that asks for it.

        A row that asks again stands in that one's ``repeats``, JSON (Ray Data would infer other types of an empty list): the
        columns of its own, ``trial_id``, and ``place``, that of the cell among the row's.
        """
        alone = (row for part in self.parts() for row in part_requests(part, self.names))
        return chain(shared_requests(self.shared), alone)

    def without(self, made: TrialIds) -> "RunPlan":
        """The plan less the trials in ``made``; rows that have none left go."""
        if not len(made):
            return self
        shared = tuple(rows_without(self.shared, made))
        a_cell = Counter(cell for row in shared for cell in row["cells"])
        prompt_samples = len(shared)
        left: dict[int, _Left] = {}
        for number, batch, own in self._batches():
            if self.left is not None and number not in self.left:
                continue
            before = None if self.left is None else self.left[number]
            found = _what_is_left(batch, own, before, self.names, made)
            for cell, count in found.a_cell.items():
                a_cell[cell] += count
            prompt_samples += found.prompt_samples
            if found.left is not None:
                left[number] = found.left
        return replace(
            self,
            shared=shared,
            left=left,
            prompt_samples=prompt_samples,
            a_cell=tuple(a_cell[index] for index in range(len(self.cells))),
        )

    def _batches(self) -> Iterator[tuple[int, pa.RecordBatch, NDArray[np.intp]]]:
        """Number, prompts, and the places among them of those that share no picture."""
        first = 0
        for number, batch in enumerate(self.prompts.batches()):
            places = np.arange(len(batch))
            yield number, batch, places[~np.isin(first + places, self.sharing)]
            first += len(batch)


def part_requests(part: Part, names: TrialNames) -> Iterator[Row]:
    """The rows of prompts that share no picture, as they are computed."""
    return ({**row, "repeats": "[]"} for row in part.rows(names))


class _Found(NamedTuple):
    left: _Left | None
    prompt_samples: int
    a_cell: Counter[int]


def _what_is_left(
    batch: pa.RecordBatch, own: NDArray[np.intp], before: _Left | None, names: TrialNames, made: TrialIds
) -> _Found:
    places = own if before is None else before.prompts
    ids: list[str] = []
    cells: list[int] = []
    sizes, of = [], []
    for place, values in zip(places.tolist(), _deciding(batch, places), strict=True):
        indices = names.own_cells(values[2]).indices
        for sample in names.trial_ids(*values):
            ids += sample
            cells += indices
            sizes.append(len(sample))
            of.append(place)
    wanted = ~made.contains(ids)
    if before is not None:
        wanted &= before.mask()
    starts = np.cumsum([0, *sizes[:-1]])
    row_has = np.add.reduceat(wanted, starts, dtype=np.int64) > 0 if len(ids) else np.zeros(0, dtype=np.bool_)
    a_cell = Counter(np.asarray(cells)[wanted].tolist())
    if not row_has.any():
        return _Found(None, 0, a_cell)
    prompts = np.unique(np.asarray(of)[row_has])
    kept = np.repeat(np.isin(of, prompts), sizes)
    bits = wanted[kept]
    return _Found(_Left(prompts, np.packbits(bits), len(bits)), int(row_has.sum()), a_cell)


def _deciding(
    batch: pa.RecordBatch, places: NDArray[np.intp]
) -> Iterator[tuple[str, int, float | None, int | None, int | None]]:
    taken = batch.select(list(_DECIDING)).take(pa.array(places))
    return zip(*(taken[name].to_pylist() for name in _DECIDING), strict=True)


def make_plan(
    config: RunConfig,
    sets: PromptSets,
    cells: tuple[Cell, ...],
    digest_of: Callable[[str, str | None], str] | None = None,
    holders: Callable[[set[str]], Mapping[str, Line]] | None = None,
) -> RunPlan:
    """The run's trials, one a row, sample and cell.

    A trial's id is the hash of all that decides its picture. Where several rows ask for one picture, one of them has this id, the
    first or the one that the lake has it under (``holders`` tells, of such ids), and the others' are made of it and their place.

    ``digest_of`` names a model (folder or hub id, revision) by its content, by default ``safesweep.models.checkpoint.digest``.

    Raises ``InputError`` for more trials than ``max_trials``.
    """
    prompts, samples = sets.prompts, config.samples_per_prompt
    trials = len(prompts) * samples * len(cells)
    if trials > config.max_trials:
        found = f"{len(prompts):,} prompts × {samples:,} samples × {len(cells):,} cells are {trials:,} trials"
        raise InputError(f"max_trials: {found}; allowed: {config.max_trials:,}")
    named = digest_of or digest
    model = _model(config.diffusion, named)
    asks = any(cell.guidance.needs_vlm for cell in cells)
    vlm = config.vlm.identity(named) if asks else None
    if asks and config.diffusion.preview_decoder:
        vlm = f"{vlm} through {named(config.diffusion.preview_decoder, None)}"
    names = TrialNames(config, cells, model, vlm)
    scales, sharing = _walk(prompts, names)
    a_cell: Counter[int] = Counter()
    for scale, count in scales.items():
        for index in names.own_cells(scale).indices:
            a_cell[index] += count * samples
    shared = [row for number in _numbered(prompts, sharing) for row in names.rows(*number)]
    repeated = name_repeats(shared, holders or (lambda trials: {}))
    return RunPlan(
        cells,
        names,
        prompts,
        prompt_samples=len(prompts) * samples,
        a_cell=tuple(a_cell[index] for index in range(len(cells))),
        repeated=repeated,
        shared=tuple(shared),
        sharing=sharing,
        notes=tuple(sets.notes),
    )


def _walk(prompts: PromptBatches, names: TrialNames) -> tuple[Counter[float | None], NDArray[np.intp]]:
    """How many prompts have which guidance scale, and the numbers of those that may ask for a picture of another's."""
    scales: Counter[float | None] = Counter()
    keys = array("q")
    for batch in prompts.batches():
        for text, seed, scale, width, height in _deciding(batch, np.arange(len(batch))):
            scales[scale] += 1
            size = names.size(width, height)
            keys.extend(hash((text, seed + sample, size)) for sample in range(names.samples))
    found = np.asarray(keys)
    ordered = np.sort(found)
    again = ordered[1:][ordered[1:] == ordered[:-1]]
    return scales, np.unique(np.flatnonzero(np.isin(found, again)) // names.samples)


def _numbered(prompts: PromptBatches, numbers: NDArray[np.intp]) -> Iterator[tuple[Prompt, bool]]:
    first = 0
    for batch in prompts.batches() if len(numbers) else ():
        inside = numbers[(numbers >= first) & (numbers < first + len(batch))] - first
        yield from prompts_of(batch.take(pa.array(inside)))
        first += len(batch)


def _model(settings: DiffusionSettings, named: Callable[[str, str | None], str]) -> str:
    """What names the model in trial ids; a service as its user states it, for what stands behind it cannot be hashed."""
    if settings.service is not None:
        return json.dumps(settings.service.deciding(), sort_keys=True)
    return _with_precision(named(settings.model, settings.revision), settings)


def _with_precision(model: str, settings: DiffusionSettings) -> str:
    """The model's name with the types that it computes in, where they are not float32, and a chosen number of text tokens: they decide
    a picture's details."""
    stored = f" in {settings.dtype}" if settings.dtype != "float32" else ""
    computed = f" with autocast to {settings.autocast}" if settings.autocast else ""
    length = f" with {settings.text_tokens} text tokens" if settings.text_tokens is not None else ""
    return model + stored + computed + length
