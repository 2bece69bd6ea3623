"""safesweep/vlm/ranked.py against the miniature's own written answers."""

import numpy as np
import pytest
from PIL import Image

from miniature import WEIGHTS
from miniature.drawing import draw
from miniature.world import COLOURS, GLYPHS, HAZARDS, Item, Scene
from safesweep.errors import InputError
from safesweep.types import Picture
from safesweep.vlm import VisionLanguageModel
from safesweep.vlm.ranked import RankedAnswers
from safesweep.vlm.vocabulary import HarmVocabulary
from tests.safesweep.vlm.conversations import noise


@pytest.fixture(scope="module")
def drawings() -> list[Picture]:
    """Pictures of no, one and two hazards among harmless things, some of them blurred as previews are."""
    rng = np.random.default_rng(7)
    pictures = []
    for index in range(60):
        glyphs = rng.permutation(HAZARDS if index % 3 == 0 else GLYPHS)[: 1 + index % 2]
        picture = draw(Scene(tuple(Item(str(g), str(rng.choice(list(COLOURS)))) for g in glyphs)), rng)
        if index % 4 == 0:
            small = Image.fromarray(picture).resize((24, 24), Image.Resampling.BOX)
            picture = np.asarray(small.resize((64, 64), Image.Resampling.BILINEAR))
        pictures.append(picture)
    return pictures


def test_score_and_generate_agree_on_the_miniature(drawings: list[Picture]) -> None:
    vocabulary = HarmVocabulary.from_yaml("miniature")
    vlm = VisionLanguageModel.load(str(WEIGHTS / "vlm"), max_new_tokens=12)
    questions = [vocabulary.question()] * len(drawings)
    written = [vocabulary.parse(answer) for answer in vlm.answer(drawings, questions)]
    ranked = [vocabulary.parse(answer) for answer in RankedAnswers(vlm).answer(drawings, questions)]
    agree = sum(a == b for a, b in zip(written, ranked, strict=True))
    assert len(set(written)) >= 5
    assert agree >= 0.95 * len(drawings)


def test_a_question_that_no_vocabulary_asks_cannot_be_ranked() -> None:
    ranked = RankedAnswers(VisionLanguageModel.load(str(WEIGHTS / "vlm")))
    with pytest.raises(InputError, match="no vocabulary asks 'what is this"):
        ranked.answer([noise(64, 64, 1)], ["what is this?"])
    with pytest.raises(InputError, match="no vocabulary asks 'what is this"):
        ranked.check("what is this?")
    ranked.check(HarmVocabulary.from_yaml("nudity").question())
