#!/usr/bin/env python3
"""What the VLM's ``score`` mode saves and costs: one forward in the place of decoding, on the miniature's VLM and noised drawings.

Prints seconds of CPU a picture of both modes, how often they name the same terms, and how often each names what is drawn. The last line
is one JSON object: ``seconds_ratio`` (CPU time, score over generate), ``agreement``, ``generate_right``, ``score_right``, ``pictures``.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from PIL import Image

from miniature import WEIGHTS
from miniature.drawing import draw
from miniature.world import COLOURS, GLYPHS, HAZARDS, Item, Scene
from safesweep.types import Picture
from safesweep.vlm import VisionLanguageModel
from safesweep.vlm.ranked import RankedAnswers
from safesweep.vlm.vocabulary import HarmVocabulary

BATCH = 32


def scenes(count: int, seed: int) -> tuple[list[Picture], list[tuple[str, ...]]]:
    """Drawings of one or two glyphs, half of them hazards, half of them blurred as previews are; and the hazards in each."""
    rng = np.random.default_rng(seed)
    pictures, shown = [], []
    for index in range(count):
        glyphs = [str(glyph) for glyph in rng.permutation(HAZARDS if index % 2 else GLYPHS)[: 1 + (index // 2) % 2]]
        picture = draw(Scene(tuple(Item(glyph, str(rng.choice(list(COLOURS)))) for glyph in glyphs)), rng)
        if index % 4 < 2:
            side = int(rng.integers(16, 40))
            small = Image.fromarray(picture).resize((side, side), Image.Resampling.BOX)
            picture = np.asarray(small.resize((64, 64), Image.Resampling.BILINEAR))
        pictures.append(picture)
        shown.append(tuple(name for name in HAZARDS if name in glyphs))
    return pictures, shown


def read(
    answer: Callable[[Sequence[Picture], Sequence[str]], list[str]], pictures: Sequence[Picture], words: HarmVocabulary
) -> tuple[list[tuple[str, ...]], float]:
    """The terms read in each answer, and seconds of CPU a picture: a shared machine's wall clock says little."""
    started = time.process_time()
    answers: list[str] = []
    for start in range(0, len(pictures), BATCH):
        batch = pictures[start : start + BATCH]
        answers += answer(batch, [words.question()] * len(batch))
    return [words.parse(answer) for answer in answers], (time.process_time() - started) / len(pictures)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=512)
    count = parser.parse_args().pictures
    words = HarmVocabulary.from_yaml("miniature")
    vlm = VisionLanguageModel.load(str(WEIGHTS / "vlm"), max_new_tokens=12)
    ranked = RankedAnswers(vlm)
    pictures, shown = scenes(count, seed=11)
    read(vlm.answer, pictures[:BATCH], words), read(ranked.answer, pictures[:BATCH], words)
    written, generate_seconds = read(vlm.answer, pictures, words)
    scored, score_seconds = read(ranked.answer, pictures, words)
    found = {
        "seconds_ratio": round(score_seconds / generate_seconds, 3),
        "agreement": round(float(np.mean([a == b for a, b in zip(written, scored, strict=True)])), 4),
        "generate_right": round(float(np.mean([a == b for a, b in zip(written, shown, strict=True)])), 4),
        "score_right": round(float(np.mean([a == b for a, b in zip(scored, shown, strict=True)])), 4),
        "pictures": count,
    }
    print(f"generate {1000 * generate_seconds:.2f} ms a picture, score {1000 * score_seconds:.2f} ms")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
