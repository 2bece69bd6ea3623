"""Draws the miniature's pictures: polygons on a pale ground, four times oversampled."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from miniature.world import COLOURS, SIZE, Scene

OVERSAMPLING = 4
Points = NDArray[np.float64]


class Shape(NamedTuple):
    """A polygon in unit coordinates (x right, y down, both in [-1, 1]); ``ink`` or else the ground's colour."""

    points: Points
    ink: bool = True


def _disc(
    x: float, y: float, rx: float, ry: float | None = None, start: float = 0.0, stop: float = 2 * np.pi
) -> Points:
    angle = np.linspace(start, stop, 28)
    return np.stack([x + rx * np.cos(angle), y + (ry or rx) * np.sin(angle)], axis=1)


def _box(x0: float, y0: float, x1: float, y1: float) -> Points:
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], dtype=float)


def _circle() -> list[Shape]:
    return [Shape(_disc(0, 0, 0.85))]


def _square() -> list[Shape]:
    return [Shape(_box(-0.75, -0.75, 0.75, 0.75))]


def _triangle() -> list[Shape]:
    return [Shape(np.array([[0, -0.9], [0.9, 0.75], [-0.9, 0.75]]))]


def _star() -> list[Shape]:
    angle = np.linspace(-np.pi / 2, 1.5 * np.pi, 11)[:-1]
    radius = np.where(np.arange(10) % 2 == 0, 1.0, 0.42)
    return [Shape(np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1))]


def _heart() -> list[Shape]:
    t = np.linspace(0, 2 * np.pi, 40)
    x = 16 * np.sin(t) ** 3
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return [Shape(np.stack([x / 17.5, -(y + 2) / 16], axis=1))]


def _key() -> list[Shape]:
    return [
        Shape(_disc(0, -0.5, 0.45)),
        Shape(_disc(0, -0.5, 0.2), ink=False),
        Shape(_box(-0.13, -0.15, 0.13, 0.95)),
        Shape(_box(0.1, 0.45, 0.45, 0.62)),
        Shape(_box(0.1, 0.76, 0.5, 0.93)),
    ]


def _leaf() -> list[Shape]:
    t = np.linspace(-0.9, 0.9, 20)
    half = 0.55 * np.cos(t / 0.9 * np.pi / 2)
    outline = np.concatenate([np.stack([half, t], axis=1), np.stack([-half, t], axis=1)[::-1]])
    return [Shape(outline), Shape(_box(-0.05, -0.5, 0.05, 0.7), ink=False)]


def _cup() -> list[Shape]:
    return [
        Shape(_disc(0.55, 0.0, 0.4)),
        Shape(_disc(0.55, 0.0, 0.2), ink=False),
        Shape(np.array([[-0.8, -0.65], [0.6, -0.65], [0.4, 0.75], [-0.6, 0.75]])),
    ]


def _dagger() -> list[Shape]:
    return [
        Shape(np.array([[0, -1.0], [0.2, -0.75], [0.2, 0.3], [-0.2, 0.3], [-0.2, -0.75]])),
        Shape(_box(-0.6, 0.3, 0.6, 0.48)),
        Shape(_box(-0.11, 0.45, 0.11, 0.85)),
        Shape(_disc(0, 0.88, 0.17)),
    ]


def _flame() -> list[Shape]:
    outer = [
        [0.05, -1],
        [0.3, -0.5],
        [0.45, -0.65],
        [0.72, 0.1],
        [0.6, 0.62],
        [0.25, 0.93],
        [-0.25, 0.93],
        [-0.62, 0.62],
    ]
    outer += [[-0.74, 0.1], [-0.5, -0.45], [-0.3, -0.15]]
    inner = [[0, -0.15], [0.28, 0.35], [0.2, 0.7], [-0.2, 0.7], [-0.28, 0.35]]
    return [Shape(np.array(outer)), Shape(np.array(inner), ink=False)]


def _skull() -> list[Shape]:
    return [
        Shape(_disc(0, -0.22, 0.78, 0.7)),
        Shape(_box(-0.42, 0.2, 0.42, 0.88)),
        Shape(_disc(-0.32, -0.15, 0.21), ink=False),
        Shape(_disc(0.32, -0.15, 0.21), ink=False),
        Shape(np.array([[0, 0.12], [0.11, 0.34], [-0.11, 0.34]]), ink=False),
        Shape(_box(-0.2, 0.58, -0.1, 0.9), ink=False),
        Shape(_box(0.1, 0.58, 0.2, 0.9), ink=False),
    ]


OUTLINES: dict[str, Callable[[], list[Shape]]] = {
    "circle": _circle,
    "square": _square,
    "triangle": _triangle,
    "star": _star,
    "heart": _heart,
    "key": _key,
    "leaf": _leaf,
    "cup": _cup,
    "dagger": _dagger,
    "flame": _flame,
    "skull": _skull,
}

CLOTHES: dict[str, tuple[str, str]] = {
    "builder": ("orange", "bands"),
    "farmer": ("green", "straps"),
    "sailor": ("blue", "bands"),
    "guard": ("black", "badge"),
    "doctor": ("red", "cross"),
    "teacher": ("purple", "badge"),
    "singer": ("red", "bands"),
    "clerk": ("blue", "straps"),
}
"""Profession -> (colour, pattern) of its clothes."""

PATTERNS: dict[str, list[Points]] = {
    "bands": [_box(-0.6, 0.3, 0.6, 0.42), _box(-0.7, 0.6, 0.7, 0.72)],
    "straps": [_box(-0.32, -0.05, -0.18, 1.0), _box(0.18, -0.05, 0.32, 1.0)],
    "badge": [_disc(0.25, 0.3, 0.15)],
    "cross": [_box(-0.07, 0.15, 0.07, 0.65), _box(-0.25, 0.33, 0.25, 0.47)],
}
SKIN = (224, 172, 132)
HAT = (70, 50, 35)


class _Canvas:
    """Polygons in unit coordinates, put onto an oversampled picture by an affine placement."""

    def __init__(self, ground: tuple[int, int, int]) -> None:
        self.ground = ground
        self.image = Image.new("RGB", (SIZE * OVERSAMPLING,) * 2, ground)
        self._draw = ImageDraw.Draw(self.image)

    def polygon(self, points: Points, colour: tuple[int, int, int], centre: Points, scale: float, turn: float) -> None:
        rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        placed = (points @ rotation.T) * scale + centre
        self._draw.polygon([(float(x), float(y)) for x, y in placed * OVERSAMPLING], fill=colour)


def _ground(rng: np.random.Generator) -> tuple[int, int, int]:
    level = rng.integers(228, 250, size=3)
    return int(level[0]), int(level[1]), int(level[2])


def _ink(colour: str, rng: np.random.Generator) -> tuple[int, int, int]:
    shade = np.clip(np.array(COLOURS[colour]) + rng.integers(-14, 15, size=3), 0, 255)
    return int(shade[0]), int(shade[1]), int(shade[2])


def _draw_items(canvas: _Canvas, scene: Scene, rng: np.random.Generator) -> None:
    single = len(scene.items) == 1
    for index, item in enumerate(scene.items):
        middle = np.array([32.0, 32.0]) if single else np.array([17.0 + 30.0 * index, 32.0])
        centre = middle + rng.uniform(-1, 1, size=2) * (np.array([5.0, 5.0]) if single else np.array([1.5, 8.0]))
        scale = rng.uniform(15.0, 20.0) if single else rng.uniform(11.5, 13.5)
        turn = rng.uniform(-0.22, 0.22)
        ink = _ink(item.colour, rng)
        for shape in OUTLINES[item.glyph]():
            canvas.polygon(shape.points, ink if shape.ink else canvas.ground, centre, scale, turn)


def _draw_person(canvas: _Canvas, scene: Scene, rng: np.random.Generator) -> None:
    assert scene.profession is not None
    colour, pattern = CLOTHES[scene.profession]
    centre = np.array([32.0, 33.0]) + rng.uniform(-3, 3, size=2)
    scale = rng.uniform(22.0, 26.0)
    turn = rng.uniform(-0.05, 0.05)
    body = np.array([[-0.35, -0.1], [0.35, -0.1], [0.62, 0.2], [0.75, 1.0], [-0.75, 1.0], [-0.62, 0.2]])
    canvas.polygon(body, _ink(colour, rng), centre, scale, turn)
    for points in PATTERNS[pattern]:
        canvas.polygon(points, canvas.ground, centre, scale, turn)
    canvas.polygon(_disc(0, -0.45, 0.4), SKIN, centre, scale, turn)
    for eye in (-0.14, 0.14):
        canvas.polygon(_disc(eye, -0.42, 0.06), (40, 40, 40), centre, scale, turn)
    if scene.hat:
        canvas.polygon(_box(-0.62, -0.72, 0.62, -0.58), HAT, centre, scale, turn)
        canvas.polygon(_box(-0.36, -1.1, 0.36, -0.65), HAT, centre, scale, turn)


def draw(scene: Scene, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draws ``scene`` with its places, sizes, turns and shades taken from ``rng``: uint8 [64, 64, 3], RGB."""
    canvas = _Canvas(_ground(rng))
    if scene.profession is not None:
        _draw_person(canvas, scene, rng)
    else:
        _draw_items(canvas, scene, rng)
    return np.asarray(canvas.image.resize((SIZE, SIZE), Image.Resampling.BOX))
