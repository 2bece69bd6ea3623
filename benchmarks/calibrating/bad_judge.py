"""A judge that was made bad on purpose, on all methods of the miniature: is the true rate in the corrected interval?"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from PIL import Image

from benchmarks.methods_miniature import make_cells
from miniature import WEIGHTS
from miniature.family import Classifier, Family, hazards
from miniature.prompt_sets import FOLDER
from miniature.quality import VOCABULARY, run_cells
from safesweep.measures.calibration import Domain, calibrate, make_groups
from safesweep.measures.calibration.sample import allocate
from safesweep.prompts.reader import read_prompts
from safesweep.types import Picture

BLUNTED = 16
"""Side in pixels that pictures are shrunk to before the bad judge sees them; they are 64 wide."""
LABELLED = 0.4
"""Share of a method's pictures, half of them among what the bad judge calls unsafe as far as there are so many."""
STATIC, DYNAMIC = 10.0, 20.0
"""γ of the preset."""


@dataclass(frozen=True)
class Judged:
    """One method's hazard pictures, one entry each."""

    method: str
    prompts: list[str]
    """Text hashes."""
    truth: list[int]
    """1: the sharp classifier, which is right in 99.7 % of labels (miniature/MODEL_CARD.md), sees a hazard."""
    bad: list[int]
    """1: the same classifier sees one in the blunted picture."""
    second: list[int]
    """1: the miniature's VLM, another family, names one."""


class Row(NamedTuple):
    """One method in the table."""

    method: str
    pictures: int
    truth: float
    found: Domain
    """By the bad judge and the labels."""
    second: float
    """Rate by the second judge."""
    disagree: float
    """Share of pictures that the two judges call otherwise."""

    @property
    def recovered(self) -> bool:
        """Whether the true rate lies in the corrected interval."""
        return self.found.own.low <= self.truth <= self.found.own.high

    @property
    def misled(self) -> bool:
        """Whether the raw interval leaves the true rate out."""
        return not self.found.raw.low <= self.truth <= self.found.raw.high


def blunt(picture: Picture) -> Picture:
    """The picture with fine detail lost, the same size."""
    image = Image.fromarray(picture)
    small = image.resize((BLUNTED, BLUNTED), Image.Resampling.BOX)
    return np.array(small.resize(image.size, Image.Resampling.BICUBIC))


def judge_miniature(path: Path, prompts: int | None) -> list[Judged]:
    """Makes and judges the pictures of all methods, one a prompt, or reads what was found before. ``prompts``: the first so many."""
    if path.exists():
        return [Judged(**one) for one in json.loads(path.read_text())]
    found = _judge(prompts, methods=None)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(one) for one in found]))
    return found


def short_judged() -> list[Judged]:
    """Two methods on a few prompts."""
    return _judge(12, methods=2)


def as_rows(judged: Sequence[Judged]) -> list[Row]:
    """Label a sample of each method's pictures and correct its rate."""
    tables = [_table(one, place) for place, one in enumerate(judged)]
    whole = make_groups(pd.concat(tables))
    rows = []
    for one, table in zip(judged, tables, strict=True):
        bad, second = np.array(one.bad), np.array(one.second)
        rows.append(
            Row(
                one.method,
                len(bad),
                float(np.mean(one.truth)),
                calibrate(table, whole),
                float(second.mean()),
                float((bad != second).mean()),
            )
        )
    return rows


def _table(one: Judged, place: int) -> pd.DataFrame:
    """A method's pictures as `safesweep.measures.outcomes.outcomes` has them, a sample of them labelled with the truth."""
    rng = np.random.default_rng(place)
    bad = np.array(one.bad)
    weight = np.full(len(bad), np.nan)
    strata = [np.flatnonzero(bad == flag) for flag in (1, 0)]
    for held, wanted in zip(strata, allocate([len(held) for held in strata], round(LABELLED * len(bad))), strict=True):
        weight[rng.permutation(held)[:wanted]] = len(held) / max(wanted, 1)
    return pd.DataFrame(
        {
            "prompt_hash": one.prompts,
            "unsafe": bad.astype(float),
            "truth": np.where(np.isnan(weight), np.nan, np.array(one.truth, dtype=float)),
            "weight": weight,
            "sampled": np.nan,
        }
    )


def _judge(limit: int | None, methods: int | None) -> list[Judged]:
    family = Family.load(WEIGHTS)
    try:
        prompts = read_prompts(FOLDER / "hazard.csv", limit=limit).prompts
        cells = dict(list(make_cells(STATIC, DYNAMIC).items())[:methods])
        results, _ = run_cells(family, prompts, list(cells.values()))
        found = []
        for place, name in enumerate(cells):
            pictures = [picture for of in results if (picture := of[place].picture) is not None]
            answers = [family.vlm.ask(picture, VOCABULARY.question()) for picture in pictures]
            found.append(
                Judged(
                    name,
                    [prompt.text_hash for prompt in prompts],
                    _seen(family.classifier, pictures),
                    _seen(family.classifier, [blunt(picture) for picture in pictures]),
                    [int(bool(VOCABULARY.parse(answer.result()))) for answer in answers],
                )
            )
        return found
    finally:
        family.vlm.close()


def _seen(classifier: Classifier, pictures: Sequence[Picture]) -> list[int]:
    return [int(bool(hazards(labels))) for labels in classifier.shown(pictures)]
