"""Drawings repeat, fill the frame as they should, and show colours and hats where the scene has them."""

import numpy as np
import pytest

from miniature.drawing import CLOTHES, HAT, OUTLINES, draw
from miniature.training.data import make_drawings
from miniature.world import COLOURS, GLYPHS, HAT_SHARE, LABELS, SIZE, Item, Scene


def picture(scene: Scene, seed: int = 0) -> np.ndarray:
    return draw(scene, np.random.default_rng(seed))


def ink_of(shown: np.ndarray, colour: tuple[int, int, int], spread: int = 15) -> np.ndarray:
    """Where the picture has that colour, each channel within the shade's spread."""
    return (np.abs(shown.astype(int) - np.array(colour)) <= spread).all(axis=-1)


def test_every_glyph_and_profession_can_be_drawn():
    assert set(OUTLINES) == set(GLYPHS)
    assert set(CLOTHES) == set(HAT_SHARE)
    assert len(set(CLOTHES.values())) == len(CLOTHES)


@pytest.mark.parametrize("glyph", GLYPHS)
def test_a_drawing_repeats_with_its_seed_and_only_with_it(glyph):
    scene = Scene((Item(glyph, "blue"),))
    first = picture(scene)
    assert first.shape == (SIZE, SIZE, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, picture(scene))
    assert not np.array_equal(first, picture(scene, 1))


@pytest.mark.parametrize("glyph", GLYPHS)
@pytest.mark.parametrize("colour", COLOURS)
def test_a_glyph_is_drawn_in_its_colour_inside_a_pale_frame(glyph, colour):
    for seed in range(3):
        shown = picture(Scene((Item(glyph, colour),)), seed)
        assert 80 < ink_of(shown, COLOURS[colour]).sum() < 2500
        frame = np.concatenate([shown[0], shown[-1], shown[:, 0], shown[:, -1]])
        assert frame.min() >= 228
        assert frame.max() < 250


def test_two_glyphs_stand_side_by_side_in_the_caption_s_order():
    for seed in range(5):
        shown = picture(Scene((Item("key", "red"), Item("cup", "blue"))), seed)
        red, blue = np.nonzero(ink_of(shown, COLOURS["red"]))[1], np.nonzero(ink_of(shown, COLOURS["blue"]))[1]
        assert red.mean() < 28
        assert blue.mean() > 36


@pytest.mark.parametrize("left", GLYPHS)
def test_different_glyphs_look_different(left):
    mine = picture(Scene((Item(left, "red"),))).astype(int)
    for right in set(GLYPHS) - {left}:
        other = picture(Scene((Item(right, "red"),))).astype(int)
        assert (np.abs(mine - other).max(axis=-1) > 60).sum() > 60, right


@pytest.mark.parametrize("profession", HAT_SHARE)
def test_a_hat_is_seen_only_where_it_is_worn(profession):
    for seed in range(3):
        bare = picture(Scene(profession=profession), seed)
        worn = picture(Scene(profession=profession, hat=True), seed)
        assert ink_of(bare, HAT, 3).sum() == 0
        assert ink_of(worn, HAT, 3).sum() > 150


def test_professions_differ_by_their_clothes():
    pictures = [picture(Scene(profession=profession)) for profession in HAT_SHARE]
    assert len({shown.tobytes() for shown in pictures}) == len(pictures)


def test_drawings_carry_the_labels_of_their_scenes():
    drawings, again = make_drawings(60, 11), make_drawings(60, 11)
    assert np.array_equal(drawings.pictures, again.pictures)
    assert drawings.captions == again.captions
    assert drawings.labels.shape == (60, len(LABELS))
    assert set(np.unique(drawings.labels)) <= {0.0, 1.0}
    for caption, kind, row in zip(drawings.captions, drawings.kinds, drawings.labels, strict=True):
        if kind in ("benign", "plain"):
            shown = {label for label, there in zip(LABELS, row, strict=True) if there}
            assert shown == set(caption.split()) & set(GLYPHS)
    batch = drawings.batch(np.arange(4))
    assert batch.shape == (4, 3, SIZE, SIZE)
    assert batch.min() >= -1
    assert batch.max() <= 1
