"""Some trials as they are shown: picture, previews, what the VLM answered and what was negated when.

The same prompts in every cell, so that cells can be compared; equal pictures, of which a sweep has many, are held once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, NamedTuple

from safesweep.lake.evidence import cosine
from safesweep.lake.pictures import PictureError
from safesweep.lake.reader import connection, read_whole_trials, run_files, source
from safesweep.lake.status import MADE
from safesweep.measures.profiles import Outcome
from safesweep.reports.choosing import Column, choose_columns
from safesweep.reports.facts import RunFacts
from safesweep.reports.images import data_uri, fit
from safesweep.reports.settings import CellName, CellSettings
from safesweep.reports.veil import is_known_benign, is_own_drawing, named_columns

LONGEST, PREVIEW_LONGEST = 320, 128
"""Pixels; larger pictures are made smaller, to bound the page."""
UNREADABLE = ""
"""In the place of an image's key: the lake has bytes that cannot be shown."""
Shown = Literal["clear", "hidden", "blurred"]
"""clear: as it is. hidden: as it is, in the file, blurred until it is asked for. blurred: only averages of it are in the file."""
HASH_DIGITS = 10
"""Of a prompt's SHA-256, shown in the prompt's place."""
LABELS = 3
"""Measurements shown of each scorer, the largest first."""
_READ = (
    "trial_id",
    "method",
    "cell",
    "prompt",
    "prompt_hash",
    "prompt_id",
    "prompt_set",
    "categories",
    "seed",
    "sample_index",
    "num_inference_steps",
    "benign",
    "models",
    "status",
    "error",
    "picture",
    "exchanges",
    "evidence",
)


class Negation(NamedTuple):
    """What was steered away from, and when."""

    words: str
    first: int
    last: int
    """Steps from 0, both included."""


class Frame(NamedTuple):
    """One exchange and its preview."""

    step: int
    image: str | None
    """Key among the gallery's images; None when the lake has none, UNREADABLE when it cannot be shown."""
    question: str
    answer: str
    terms: tuple[str, ...]
    seconds: float


class Card(NamedTuple):
    """One trial."""

    anchor: str
    cell: str
    """Its key."""
    prompt_hash: str
    """The first `HASH_DIGITS`."""
    prompt_id: str
    prompt_set: str
    benign: bool
    categories: tuple[str, ...]
    seed: int
    sample_index: int
    steps: int
    outcome: Outcome
    score: float | None
    cosine: float | None
    error: str | None
    image: str | None
    """As a frame's."""
    shown: Shown
    """How its picture and its previews are."""
    frames: tuple[Frame, ...]
    negations: tuple[Negation, ...]
    evidence: tuple[tuple[str, str], ...]
    """Scorer and what it measured, in words."""
    others: tuple[str, ...]
    """Anchors of the same prompt and seed in other cells."""


@dataclass
class Gallery:
    """Cards by cell, and what they share."""

    cards: dict[str, list[Card]] = field(default_factory=dict)
    """Cell key -> its cards, the same prompts in each cell, hazard prompts first."""
    images: dict[str, str] = field(default_factory=dict)
    """Image key -> data URI."""
    prompts: dict[str, str] = field(default_factory=dict)
    """Shown hash -> prompt text."""
    unreadable: int = 0
    """Pictures and previews that cannot be shown."""

    def add_image(self, encoded: bytes | None, longest: int, *, blurred: bool = False) -> str | None:
        """Hold a picture, or averages of it, and return its key; None for one that is absent, UNREADABLE for one that cannot be shown."""
        if not encoded:
            return None
        try:
            fitted = fit(encoded, longest, blurred=blurred)
        except PictureError:
            self.unreadable += 1
            return UNREADABLE
        key = sha256(fitted).hexdigest()[:16]
        self.images.setdefault(key, data_uri(fitted))
        return key

    @property
    def ways(self) -> set[Shown]:
        """How its pictures are."""
        return {card.shown for cards in self.cards.values() for card in cards}


def make_gallery(lake: Path, facts: RunFacts, pictures: int, *, seed: int = 0, originals: bool = False) -> Gallery:
    """Choose prompts and read their trials in every cell.

    The choice is a seeded draw that looks at no verdict: prompt sets in turn, and within a set its categories in turn.

    Args:
        lake: the lake's folder.
        facts: the run's.
        pictures: most pictures a cell, 0 or more.
        seed: of the draw.
        originals: hold pictures as they are where they are blurred, for a page that shows them when it is asked to.
    """
    gallery = Gallery(cards={cell.key: [] for cell in facts.cells})
    if pictures == 0:
        return gallery
    files = run_files(lake, facts.run_id).complete
    settings = {(cell.summary.method, cell.summary.cell): cell.settings for cell in facts.cells}
    cards: dict[CellName, dict[Column, Card]] = {}
    with connection(ordered=True) as opened:
        opened.execute(f"CREATE TEMP TABLE cells AS SELECT DISTINCT method, cell FROM {source(files)}")
        chosen = choose_columns(opened, source(files), pictures, seed)
        named = named_columns(opened, source(files), facts.profile)
        shown = f"""SELECT min(trial_id) FROM {source(files)} JOIN columns USING (prompt_hash, seed, sample_index)
                    GROUP BY method, cell, prompt_hash, seed, sample_index"""
        for row in read_whole_trials(opened, files, shown, _READ):
            name = row["method"], row["cell"]
            key = Column(row["prompt_hash"], row["seed"], row["sample_index"])
            clear = is_own_drawing(row) or (key not in named and is_known_benign(row, facts.profile))
            way: Shown = "clear" if clear else "hidden" if originals else "blurred"
            cards.setdefault(name, {})[key] = _card(row, facts, settings[name], gallery, way)
    columns = sorted(chosen, key=lambda column: chosen[column] in facts.benign_sets)
    in_order = {name: cards[name] for name in facts.keys if name in cards}
    for name, held in in_order.items():
        for column in columns:
            if column in held:
                others = tuple(of[column].anchor for other, of in in_order.items() if other != name and column in of)
                gallery.cards[facts.keys[name]].append(held[column]._replace(others=others))
    return gallery


def _card(row: Mapping[str, Any], facts: RunFacts, settings: CellSettings, gallery: Gallery, way: Shown) -> Card:
    blurred = way == "blurred"
    made = row["status"] == MADE
    shown_hash = row["prompt_hash"][:HASH_DIGITS]
    gallery.prompts[shown_hash] = row["prompt"] or ""
    verdict = facts.profile.judge(row["evidence"], row["status"])
    frames = tuple(
        Frame(
            step=x["step"],
            image=gallery.add_image(x["preview"], PREVIEW_LONGEST, blurred=blurred),
            question=x["question"] or "",
            answer=x["answer"] or "",
            terms=tuple(x["terms"] or ()),
            seconds=x["seconds"],
        )
        for x in sorted(row["exchanges"] or (), key=lambda x: x["step"])
    )
    error = None if made else row["error"] or row["status"] or "failed without a word"
    return Card(
        anchor=f"trial-{row['trial_id'][:16]}",
        cell=facts.keys[row["method"], row["cell"]],
        prompt_hash=shown_hash,
        prompt_id=row["prompt_id"] or "",
        prompt_set=row["prompt_set"] or "",
        benign=row["prompt_set"] in facts.benign_sets,
        categories=tuple(row["categories"] or ()),
        seed=row["seed"],
        sample_index=row["sample_index"],
        steps=row["num_inference_steps"],
        outcome=verdict.outcome,
        score=verdict.score,
        cosine=cosine(row["evidence"]),
        error=error and _without_prompt(error, row),
        image=gallery.add_image(row["picture"], LONGEST, blurred=blurred),
        shown=way,
        frames=frames,
        negations=negations(frames, row["num_inference_steps"], settings),
        evidence=tuple(_in_words(entry, row) for entry in row["evidence"] or ()),
        others=(),
    )


def negations(frames: tuple[Frame, ...], steps: int, settings: CellSettings) -> tuple[Negation, ...]:
    """What was negated at which steps: an answer acts from its own step until the next one; a fixed text, on all steps.

    Args:
        frames: a trial's exchanges, by step.
        steps: denoising steps.
        settings: the cell's.
    """
    if settings.constant_negative:
        return (Negation(settings.constant_negative, 0, steps - 1),)
    if not frames or not settings.negates:
        return ()
    ends = [frame.step - 1 for frame in frames[1:]] + [steps - 1]
    found: list[Negation] = []
    for frame, end in zip(frames, ends, strict=True):
        words = ", ".join(frame.terms)
        if not words:
            continue
        if found and found[-1].words == words and found[-1].last == frame.step - 1:
            found[-1] = found[-1]._replace(last=end)
        else:
            found.append(Negation(words, frame.step, end))
    return tuple(found)


def _without_prompt(error: str, row: Mapping[str, Any]) -> str:
    """Errors may quote the prompt, which is hidden until it is asked for."""
    return error.replace(row["prompt"], row["prompt_hash"][:HASH_DIGITS]) if row["prompt"] else error


def _in_words(entry: Mapping[str, Any], row: Mapping[str, Any]) -> tuple[str, str]:
    if entry["error"] is not None:
        return entry["scorer"], f"failed: {_without_prompt(entry['error'], row)}"
    measured = sorted(entry["measurements"] or (), key=lambda m: -(m["score"] or 0.0))
    shown = ", ".join(f"{m['label']} {m['score']:.2f}" for m in measured[:LABELS] if m["score"] is not None)
    more = f" and {len(measured) - LABELS} more" if len(measured) > LABELS else ""
    return entry["scorer"], f"{shown}{more}" if shown else "found nothing"
