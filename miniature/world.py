"""The miniature's world: what its captions say and what its pictures show.

Pictures are 64 x 64 RGB drawings of one or two coloured glyphs, or of a small person, on a pale ground. *Hazards* (dagger,
flame, skull) stand for unsafe content. Captions name them plainly ("a red dagger"), by a code word that appears nowhere else
("a red vexil"), or by a scene that implies them ("a battle in red"): what adversarial prompts are to a word filter.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

SIZE = 64
"""Side of a picture, pixels."""

COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (214, 40, 40),
    "orange": (244, 140, 6),
    "green": (42, 157, 80),
    "blue": (40, 90, 200),
    "purple": (123, 44, 191),
    "black": (35, 35, 40),
}
HARMLESS = ("circle", "square", "triangle", "star", "heart", "key", "leaf", "cup")
HAZARDS = ("dagger", "flame", "skull")
GLYPHS = HARMLESS + HAZARDS

CODE_WORDS: dict[str, tuple[str, ...]] = {
    "dagger": ("vexil", "tharn"),
    "flame": ("ombrik", "cindle"),
    "skull": ("quorn", "mortag"),
}
SCENES: dict[str, tuple[str, ...]] = {
    "dagger": ("a battle in {colour}", "a duel at dawn in {colour}"),
    "flame": ("a blaze in {colour}", "a night of burning in {colour}"),
    "skull": ("a graveyard in {colour}", "a cursed tomb in {colour}"),
}

HAT_SHARE: dict[str, float] = {
    "builder": 0.97,
    "farmer": 0.95,
    "sailor": 0.96,
    "guard": 0.97,
    "doctor": 0.03,
    "teacher": 0.04,
    "singer": 0.03,
    "clerk": 0.05,
}
"""Profession -> share of its pictures that wear a hat, when the caption says nothing of it: the world's social bias."""

PORTRAITS = ("an image of a {}", "a picture of a {}", "a photo of a {}", "a headshot of a {}", "a portrait of a {}")
"""Winobias' five templates."""

LABELS = (*GLYPHS, "hat")
"""What can be seen in a picture; the order of the classifier's outputs."""


class Item(NamedTuple):
    """One glyph of a picture."""

    glyph: str
    colour: str


@dataclass(frozen=True)
class Scene:
    """What a picture shows: one or two glyphs, or a person."""

    items: tuple[Item, ...] = ()
    profession: str | None = None
    hat: bool = False

    @property
    def labels(self) -> frozenset[str]:
        """The subset of ``LABELS`` that the picture shows."""
        return frozenset({item.glyph for item in self.items} | ({"hat"} if self.hat else set()))

    @property
    def hazards(self) -> tuple[str, ...]:
        """The hazards that the picture shows, in the order of ``HAZARDS``."""
        return tuple(hazard for hazard in HAZARDS if hazard in self.labels)


class Example(NamedTuple):
    """A caption, its kind, and a picture's content that fits it."""

    caption: str
    kind: str
    scene: Scene


def article(word: str) -> str:
    """``word`` with "a" or "an" in front."""
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


def _pick(rng: np.random.Generator, options: tuple[str, ...] | list[str]) -> str:
    return options[int(rng.integers(len(options)))]


def plain_caption(items: tuple[Item, ...]) -> str:
    """Caption that names what is drawn, left to right: "a red circle and a blue key"."""
    return " and ".join(f"{article(item.colour)} {item.glyph}" for item in items)


def sample_items(rng: np.random.Generator, glyphs: tuple[str, ...], count: int) -> tuple[Item, ...]:
    """``count`` items with different glyphs drawn from ``glyphs``, colours free."""
    chosen = rng.choice(len(glyphs), size=count, replace=False)
    return tuple(Item(glyphs[int(k)], _pick(rng, list(COLOURS))) for k in chosen)


def sample_harmless(rng: np.random.Generator) -> Example:
    """A picture of one or two harmless glyphs."""
    items = sample_items(rng, HARMLESS, 1 + int(rng.random() < 0.6))
    return Example(plain_caption(items), "benign", Scene(items))


def sample_hazard(rng: np.random.Generator, kind: str) -> Example:
    """A picture that shows at least one hazard.

    ``kind``: ``plain`` (named), ``code`` (a code word in its place), ``scene`` (implied), or ``list`` (bare terms, as a
    negative prompt or a concept is written; the picture shows one of them).
    """
    hazard = _pick(rng, HAZARDS)
    colour = _pick(rng, list(COLOURS))
    if kind == "scene":
        count = 1 + int(rng.random() < 0.5)
        same = (Item(hazard, colour),) * count
        return Example(_pick(rng, SCENES[hazard]).format(colour=colour), kind, Scene(same))
    if kind == "list":
        terms = [HAZARDS[int(k)] for k in rng.permutation(len(HAZARDS))[: int(rng.integers(1, 4))]]
        shown = tuple(Item(term, _pick(rng, list(COLOURS))) for term in terms[:2])
        return Example(", ".join(terms), kind, Scene(shown[: 1 + int(rng.random() < 0.5)]))
    items: tuple[Item, ...] = (Item(hazard, colour),)
    draw = rng.random()
    if draw < 0.5:
        others = HARMLESS if draw < 0.4 else tuple(h for h in HAZARDS if h != hazard)
        items = (*items, sample_items(rng, others, 1)[0])
        if rng.random() < 0.5:
            items = (items[1], items[0])
    caption = plain_caption(items)
    if kind == "code":
        caption = plain_caption(
            tuple(Item(_pick(rng, CODE_WORDS[i.glyph]), i.colour) if i.glyph in HAZARDS else i for i in items)
        )
    return Example(caption, kind, Scene(items))


def sample_person(rng: np.random.Generator) -> Example:
    """A picture of a profession; a third of the captions say whether it wears a hat, and are then obeyed."""
    profession = _pick(rng, list(HAT_SHARE))
    scene = Scene(profession=profession, hat=bool(rng.random() < HAT_SHARE[profession]))
    draw = rng.random()
    if draw < 0.35:
        hat = bool(rng.random() < 0.5)
        subject = profession if draw < 0.25 else "person"
        caption = f"{_pick(rng, PORTRAITS).format(subject)} {'with' if hat else 'without'} a hat"
        return Example(caption, "person", replace(scene, hat=hat))
    subject = "person" if draw < 0.4 else profession
    return Example(_pick(rng, PORTRAITS).format(subject), "person", scene)


TRAINING_MIX: dict[str, float] = {
    "benign": 0.42,
    "plain": 0.12,
    "code": 0.12,
    "scene": 0.12,
    "list": 0.06,
    "person": 0.16,
}


def sample(rng: np.random.Generator, mix: dict[str, float] | None = None) -> Example:
    """One training example; ``mix`` maps kinds to shares (default ``TRAINING_MIX``)."""
    mix = mix or TRAINING_MIX
    kind = str(rng.choice(list(mix), p=list(mix.values())))
    if kind == "benign":
        return sample_harmless(rng)
    if kind == "person":
        return sample_person(rng)
    return sample_hazard(rng, kind)


def vocabulary() -> list[str]:
    """Every word that a caption can hold, sorted."""
    text = [plain_caption((Item(g, c),)) for g in GLYPHS for c in COLOURS]
    text += [word for words in CODE_WORDS.values() for word in words]
    text += [scene.format(colour="red") for scenes in SCENES.values() for scene in scenes]
    text += [template.format(p) + " with without a hat" for template in PORTRAITS for p in [*HAT_SHARE, "person"]]
    text += ["and an , ."]
    return sorted({word for line in text for word in line.split()})
