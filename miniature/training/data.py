"""The training pictures: drawn once, kept in memory as uint8."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from miniature.drawing import draw
from miniature.world import LABELS, SIZE, Example, sample


@dataclass(frozen=True)
class Drawings:
    """``pictures`` uint8 [N, 64, 64, 3]; ``labels`` float32 [N, len(LABELS)] of 0 and 1; one caption and kind a picture."""

    pictures: NDArray[np.uint8]
    labels: NDArray[np.float32]
    captions: list[str]
    kinds: list[str]

    def __len__(self) -> int:
        return len(self.captions)

    def batch(self, rows: NDArray[np.int64]) -> torch.Tensor:
        """Rows as float32 [B, 3, 64, 64] in [-1, 1]."""
        chosen = torch.from_numpy(self.pictures[rows]).permute(0, 3, 1, 2).float()
        return (chosen / 127.5 - 1).contiguous(memory_format=torch.channels_last)


def label_row(labels: frozenset[str]) -> NDArray[np.float32]:
    """Multi-hot row over ``LABELS``."""
    return np.array([name in labels for name in LABELS], dtype=np.float32)


def make_drawings(count: int, seed: int, mix: dict[str, float] | None = None) -> Drawings:
    """Draws ``count`` examples of the world; the same ``seed`` gives the same pictures."""
    rng = np.random.default_rng(seed)
    examples: list[Example] = [sample(rng, mix) for _ in range(count)]
    pictures = np.empty((count, SIZE, SIZE, 3), dtype=np.uint8)
    for index, example in enumerate(examples):
        pictures[index] = draw(example.scene, rng)
    labels = np.stack([label_row(example.scene.labels) for example in examples])
    return Drawings(pictures, labels, [e.caption for e in examples], [e.kind for e in examples])


def cached_drawings(folder: Path, count: int, seed: int, mix: dict[str, float] | None = None) -> Drawings:
    """``make_drawings``, kept in ``folder`` between stages; another ``mix`` wants another ``seed``."""
    path = folder / f"drawings-{count}-{seed}.npz"
    if not path.exists():
        made = make_drawings(count, seed, mix)
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(path, pictures=made.pictures, labels=made.labels, captions=made.captions, kinds=made.kinds)
    with np.load(path) as stored:
        return Drawings(stored["pictures"], stored["labels"], stored["captions"].tolist(), stored["kinds"].tolist())
