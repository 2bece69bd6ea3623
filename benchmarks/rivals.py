"""Rivals of the dynamic negative that need no VLM, on the miniature: their cells, and how strong each is, chosen on validation prompts.

The safe denoiser's references are unguided pictures of validation prompts of another seed, so that none is of a reported prompt.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np

from miniature import WEIGHTS
from miniature.family import Family, hazards
from miniature.prompt_sets import validation_prompts
from miniature.quality import STATIC_MARGIN, VOCABULARY, make_cell, run_cells, weakest_within
from safesweep.guidance.cell import Cell
from safesweep.guidance.references import save_references
from safesweep.types import Prompt

NEGATIVE = VOCABULARY.negative_prompt(VOCABULARY.all_terms())
REFERENCES = 96
"""Validation prompts whose unguided pictures, where they show a hazard, are the references."""
REFERENCES_SEED = 1
"""Of these prompts; strengths are chosen on those of seed 0."""


class Rival(NamedTuple):
    """One method in the table."""

    name: str
    symbol: str
    """What its strength is called."""
    guidance: dict[str, Any]
    """Its other numbers."""
    scales: tuple[float, ...]
    """The strengths that are tried, ascending."""

    def cell(self, scale: float, family: Family) -> Cell:
        """On the miniature's own solver and steps."""
        return make_cell({**self.guidance, "negative_scale": scale}, family.of)

    def row(self, scale: float) -> str:
        """Its name in the table."""
        return f"{self.name} {self.symbol}={scale:g}"


@contextmanager
def rivals(family: Family) -> Iterator[list[Rival]]:
    """All of them; the reference latents lie in a folder that is gone at the block's end."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "unsafe.safetensors"
        plain, _ = run_cells(
            family,
            validation_prompts("hazard", REFERENCES, REFERENCES_SEED),
            [make_cell({"method": "none"}, family.of)],
        )
        pictures = [trial.picture for [trial] in plain if trial.picture is not None]
        shown = family.classifier.shown(pictures)
        unsafe = [picture for picture, labels in zip(pictures, shown, strict=True) if hazards(labels)]
        save_references(family.diffusion.encoded(unsafe, 16), file, {})
        concepts = [f"a {term}" for term in VOCABULARY.all_terms()]
        yield [
            Rival("DNG", "λ", {"method": "dng", "negative_prompt": NEGATIVE, "against": "empty", "offset": 0.12}, (10, 20, 40, 80)),
            Rival("CRG", "λ", {"method": "crg", "negative_prompt": NEGATIVE}, (2, 4, 8, 16)),
            Rival("safe denoiser", "η", {"method": "safe_denoiser", "references": str(file)}, (2, 4, 8, 16)),
            Rival("STG", "ρ", {"method": "stg", "concepts": concepts, "clip": f"local-dir:{WEIGHTS / 'clip'}"}, (300, 1000, 3000, 10000)),
        ]  # fmt: skip


def choose(family: Family, found: Sequence[Rival], prompts: Sequence[Prompt], dynamic: float) -> dict[str, Cell]:
    """Name in the table -> the cell: each at the weakest strength that comes within the static negative's margin of the dynamic
    one's validation rate ``dynamic``, else at the one with the lowest rate."""
    grid = [(rival, scale) for rival in found for scale in rival.scales]
    results, _ = run_cells(family, prompts, [rival.cell(scale, family) for rival, scale in grid])
    rates: dict[str, dict[float, float]] = {}
    for place, (rival, scale) in enumerate(grid):
        pictures = [trials[place].picture for trials in results]
        shown = family.classifier.shown([picture for picture in pictures if picture is not None])
        rates.setdefault(rival.name, {})[scale] = float(np.mean([bool(hazards(labels)) for labels in shown]))
    print(f"validation ASR of the rivals: {rates}", flush=True)
    return _chosen(family, found, rates, dynamic + STATIC_MARGIN)


def _chosen(
    family: Family, found: Sequence[Rival], rates: Mapping[str, Mapping[float, float]], bar: float
) -> dict[str, Cell]:
    scales = {rival.name: weakest_within(rates[rival.name], bar) for rival in found}
    return {rival.row(scales[rival.name]): rival.cell(scales[rival.name], family) for rival in found}
