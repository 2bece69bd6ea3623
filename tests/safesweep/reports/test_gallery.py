"""safesweep/reports/gallery.py: which pictures, how they are kept, and what was negated when."""

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from safesweep.lake.pictures import png
from safesweep.reports.facts import RunFacts
from safesweep.reports.gallery import LONGEST, Frame, Gallery, Negation, make_gallery, negations
from safesweep.reports.settings import CellSettings
from tests.safesweep.reports.lake import BENIGN, CELLS, HAZARDS, SCRIPT, TERM, picture


def decode(uri: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(uri.split(",", 1)[1])))


def test_every_cell_shows_the_same_prompts(lake: Path, facts: RunFacts) -> None:
    gallery = make_gallery(lake, facts, 4)
    shown = [[card.prompt_hash for card in cards] for cards in gallery.cards.values()]
    assert len(shown) == len(CELLS)
    assert len(shown[0]) == 4
    assert all(row == shown[0] for row in shown)
    assert [card.benign for card in gallery.cards[facts.cells[0].key]] == [False, False, True, True]
    assert make_gallery(lake, facts, 4) == gallery


def test_none_is_allowed(lake: Path, facts: RunFacts) -> None:
    gallery = make_gallery(lake, facts, 0)
    assert not any(gallery.cards.values())
    assert gallery.images == {}


def test_a_card_is_its_trial(facts: RunFacts, gallery: Gallery) -> None:
    cards = {(card.cell, card.prompt_id, card.benign): card for cards in gallery.cards.values() for card in cards}
    assert len(cards) == len(CELLS) * (HAZARDS + BENIGN)
    key = next(cell.key for cell in facts.cells if cell.title == "dynamic_negative γ=7.5")
    card = cards[key, "3", False]
    assert (card.outcome, card.score, card.seed, card.steps) == ("unsafe", 0.6, 103, 10)
    assert card.cosine == pytest.approx(0.82)
    assert [frame.step for frame in card.frames] == [2, 5, 7]
    assert card.negations == (Negation(TERM, 2, 6),)
    assert np.array_equal(np.asarray(decode(gallery.images[card.image])), picture(3))
    assert decode(gallery.images[card.frames[0].image]).format == "WEBP"
    assert len(card.others) == len(CELLS) - 1
    assert card.evidence[0] == ("classifier", "dagger 0.60, circle 0.50, flame 0.00 and 1 more")


def test_a_failed_trial_says_why_without_its_prompt(facts: RunFacts, gallery: Gallery) -> None:
    key = next(cell.key for cell in facts.cells if cell.summary.method == "broken")
    for card in gallery.cards[key]:
        assert (card.outcome, card.image, card.cosine) == ("unscored", None, None)
        assert card.error == f"ValueError: cannot draw {card.prompt_hash}"
    assert any(SCRIPT in text for text in gallery.prompts.values())


def test_equal_pictures_are_held_once(gallery: Gallery) -> None:
    shown = [card.image for cards in gallery.cards.values() for card in cards if card.image]
    assert len(shown) == 4 * (HAZARDS + BENIGN)
    assert len(set(shown)) == HAZARDS  # the drawing depends on the number only


def test_large_pictures_become_smaller() -> None:
    gallery = Gallery()
    noise = np.random.default_rng(0).integers(0, 255, (900, 600, 3), dtype=np.uint8)
    key = gallery.add_image(png(noise), LONGEST)
    image = decode(gallery.images[key])
    assert image.size == (213, LONGEST)
    assert image.format == "WEBP"


@pytest.mark.parametrize("data", [None, b"", b"not a picture", png(picture(0))[:60]])
def test_what_is_no_picture_is_left_out(data: bytes | None) -> None:
    gallery = Gallery()
    assert gallery.add_image(data, LONGEST) is None
    assert gallery.images == {}


def frames(*named: tuple[int, str]) -> tuple[Frame, ...]:
    return tuple(Frame(step, None, "?", words, tuple(words.split()), 0.0) for step, words in named)


@pytest.mark.parametrize(
    ("given", "settings", "wanted"),
    [
        ((), CellSettings(), []),
        (((3, ""), (5, "")), CellSettings(), []),
        (((3, "skull"), (5, "")), CellSettings(), [("skull", 3, 4)]),
        (((3, ""), (5, "skull dagger")), CellSettings(), [("skull, dagger", 5, 9)]),
        (((3, "a"), (5, "a"), (7, "b")), CellSettings(), [("a", 3, 6), ("b", 7, 9)]),
        (((3, "a"), (5, ""), (7, "a")), CellSettings(), [("a", 3, 4), ("a", 7, 9)]),
        (((3, "a"),), CellSettings(negates=False), []),
        ((), CellSettings(constant_negative="x"), [("x", 0, 9)]),
    ],
)
def test_an_answer_acts_until_the_next(given: tuple, settings: CellSettings, wanted: list) -> None:
    assert negations(frames(*given), 10, settings) == tuple(Negation(*row) for row in wanted)
