"""The trials of a prompt: which cells it has, and the ids that name each picture by what decides it."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from pipelines.config import RunConfig
from safesweep.guidance.cell import Cell, CellHash, as_json
from safesweep.types import Prompt

Row = dict[str, Any]
PLANNED = ("cells", "trial_ids", "guidance_scales", "pictures")
"""Keys of a row that hold one value a cell; all others are columns of the lake."""
MOST_KNOWN = 10_000
"""Different guidance scales of rows whose cells are kept in mind."""


class OwnCells(NamedTuple):
    """A grid's cells for prompts of one guidance scale; cells that only this scale makes equal are one."""

    indices: tuple[int, ...]
    """In the grid."""
    scales: tuple[float, ...]
    """Guidance scales."""
    hashes: tuple[CellHash, ...]


class TrialNames:
    """Names the trials of a run's prompts. It travels to workers."""

    def __init__(self, config: RunConfig, cells: tuple[Cell, ...], model: str, vlm: str | None) -> None:
        """``model`` and ``vlm``: what names them in a trial's id."""
        self.cells, self.model, self.vlm = cells, model, vlm
        self.samples, self.default_scale = config.samples_per_prompt, config.guidance_scale
        self.default_size, self.row_sizes = (config.width, config.height), config.row_sizes
        self._known: dict[float | None, OwnCells] = {}

    def __getstate__(self) -> dict[str, Any]:
        # hashes under way cannot travel
        return {**self.__dict__, "_known": {}}

    def size(self, width: int | None, height: int | None) -> tuple[int, int]:
        """Width and height of the pictures of a prompt that asks for these, pixels."""
        asked = (width, height) if self.row_sizes else (None, None)
        return asked[0] or self.default_size[0], asked[1] or self.default_size[1]

    def own_cells(self, guidance_scale: float | None) -> OwnCells:
        """The cells of a prompt with this guidance scale of its own."""
        found = self._known.get(guidance_scale)
        if found is None:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            found = self._known[guidance_scale] = self._make(guidance_scale)
        return found

    def _make(self, guidance_scale: float | None) -> OwnCells:
        scale = self.default_scale if guidance_scale is None else guidance_scale
        different: dict[str, tuple[int, Cell]] = {}
        for index, cell in enumerate(self.cells):
            resolved = cell.resolve(scale)
            different.setdefault(resolved.canonical_json(), (index, resolved))
        return OwnCells(
            tuple(index for index, _ in different.values()),
            tuple(scale if cell.guidance_scale is None else cell.guidance_scale for _, cell in different.values()),
            tuple(CellHash(cell, self.model, self.vlm) for _, cell in different.values()),
        )

    def trial_ids(
        self, text: str, seed: int, guidance_scale: float | None, width: int | None, height: int | None
    ) -> list[list[str]]:
        """Of each sample of a prompt, the ids of its cells' pictures."""
        hashes, written, size = self.own_cells(guidance_scale).hashes, as_json(text), self.size(width, height)
        return [[one.trial_id(written, seed + sample, *size) for one in hashes] for sample in range(self.samples)]

    def rows(self, prompt: Prompt, benign: bool) -> Iterator[Row]:
        """A prompt's samples: the columns of the lake that it decides, ``cells`` (indices), ``trial_ids``, ``guidance_scales`` and
        ``pictures`` (what decides each picture, by its hash: trials with equal ones are one picture)."""
        own, (width, height) = self.own_cells(prompt.guidance_scale), self.size(prompt.width, prompt.height)
        named = self.trial_ids(prompt.text, prompt.seed, prompt.guidance_scale, prompt.width, prompt.height)
        for sample, pictures in enumerate(named):
            yield {
                "prompt_id": prompt.prompt_id,
                "prompt": prompt.text,
                "prompt_hash": prompt.text_hash,
                "prompt_set": prompt.prompt_set,
                "benign": benign,
                "categories": list(prompt.categories),
                "prompt_row": prompt.row,
                "source": prompt.source,
                "source_sha256": prompt.source_sha256,
                "seed": prompt.seed + sample,
                "sample_index": sample,
                "width": width,
                "height": height,
                "cells": list(own.indices),
                "trial_ids": list(pictures),
                "guidance_scales": list(own.scales),
                "pictures": pictures,
            }


def pick(row: Row, places: list[int]) -> Row:
    """A row with some of its cells."""
    return {**row, **{key: [row[key][place] for place in places] for key in PLANNED}}
