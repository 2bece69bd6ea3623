"""safesweep/reports/gallery.py: which pictures, how they are kept, and what was negated when."""

import base64
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from safesweep.lake.pictures import png
from safesweep.reports.facts import RunFacts
from safesweep.reports.gallery import LONGEST, UNREADABLE, Frame, Gallery, Negation, make_gallery, negations
from safesweep.reports.settings import CellSettings
from safesweep.reports.veil import OWN
from tests.safesweep.reports.lake import ASKED, BENIGN, CELLS, HAZARDS, SCRIPT, TERM, picture, write_lake


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


@pytest.mark.parametrize("data", [None, b"", b"not a picture", png(picture(0))[:60], b"GIF89a" + bytes(40)])
@pytest.mark.parametrize("blurred", [True, False])
def test_what_is_no_picture_is_left_out_and_counted(data: bytes | None, blurred: bool) -> None:
    gallery = Gallery()
    assert gallery.add_image(data, LONGEST, blurred=blurred) == (UNREADABLE if data else None)
    assert gallery.images == {} and gallery.unreadable == bool(data)


def test_only_the_picture_itself_gets_into_the_page() -> None:
    """Many generators write the prompt into a PNG."""
    info = PngInfo()
    info.add_text("parameters", "the prompt's text")
    buffer = io.BytesIO()
    Image.fromarray(picture(0)).save(buffer, "PNG", pnginfo=info)
    gallery = Gallery()
    key = gallery.add_image(buffer.getvalue() + b"<script>the prompt's text</script>", LONGEST)
    shown = base64.b64decode(gallery.images[key].split(",", 1)[1])
    assert b"prompt" not in shown and np.array_equal(np.asarray(decode(gallery.images[key])), picture(0))


def noise(number: int, side: int = 96) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 255, (side, side, 3), dtype=np.uint8)


def test_of_what_is_not_known_to_be_benign_there_are_averages_alone(facts: RunFacts, tmp_path: Path) -> None:
    """Unless originals are asked for. Of weights that are not the miniature's, whatever the run's profile says."""

    def change(row: dict) -> dict:
        if row["benign"] or row["status"] != "ok":
            return row
        exchanges = [{**x, "preview": png(noise(x["step"]))} for x in row["exchanges"]]
        return {**row, "picture": png(noise(1000 + row["seed"])), "exchanges": exchanges}

    lake = write_lake(tmp_path, change=change)
    held, asked = (make_gallery(lake, facts, 20, originals=flag) for flag in (False, True))
    originals = [noise(1000 + 100 + number) for number in range(HAZARDS)] + [noise(step) for step in ASKED]
    for gallery, there in ((held, False), (asked, True)):
        pixels = [np.asarray(decode(uri)) for uri in gallery.images.values()]
        for original in originals:
            assert any(one.shape == original.shape and np.array_equal(one, original) for one in pixels) is there
    ways = {(card.benign, card.outcome): card.shown for cards in held.cards.values() for card in cards}
    assert ways == {(False, "unsafe"): "blurred", (False, "safe"): "blurred", (False, "unscored"): "blurred"} | {
        (True, "safe"): "clear",
        (True, "unscored"): "blurred",
    }
    blurred = [card for cards in held.cards.values() for card in cards if card.shown == "blurred" and card.image]
    for card in blurred:
        assert all(
            decode(held.images[image]).size == (64, 64) for image in (card.image, *(f.image for f in card.frames))
        )


def test_the_miniatures_own_drawings_are_clear(facts: RunFacts, tmp_path: Path) -> None:
    """Known by the digest of its weights in each row; a copy of its preset with other weights has another."""
    own = json.dumps({"diffusion": f"miniature/weights/diffusion@{next(iter(OWN))}"})
    for models, ways in ((own, {"clear"}), (own.replace(next(iter(OWN)), "0" * 16), {"clear", "blurred"})):
        lake = write_lake(tmp_path / str(len(ways)), change=lambda row, models=models: {**row, "models": models})
        assert make_gallery(lake, facts, 20).ways == ways


def test_equal_averages_give_equal_pictures() -> None:
    """Nothing finer than 8 x 8 averages can be won back from what is in the page."""
    block = 12
    base = np.random.default_rng(5).integers(60, 196, (8, 8, 3)).repeat(block, 0).repeat(block, 1)
    stripes = np.where(np.arange(8 * block) // (block // 2) % 2, 50, -50)[None, :, None]
    gallery = Gallery()
    plain, striped = (
        gallery.add_image(png(one.astype(np.uint8)), LONGEST, blurred=True) for one in (base, base + stripes)
    )
    assert plain == striped and len(gallery.images) == 1


def test_broken_pictures_are_counted_and_the_rest_is_shown(facts: RunFacts, tmp_path: Path) -> None:
    spoiled = {0: b"GIF89a" + bytes(99), 1: png(picture(1))[:70]}

    def change(row: dict) -> dict:
        return {**row, "picture": spoiled.get(row["seed"] - 100, row["picture"])} if row["cell"] == "none" else row

    lake = write_lake(tmp_path, change=change)
    gallery = make_gallery(lake, facts, 20)
    cards = [card for cards in gallery.cards.values() for card in cards]
    assert gallery.unreadable == sum(card.image == UNREADABLE for card in cards) == 4
    assert sum(bool(card.image) for card in cards) == 4 * (HAZARDS + BENIGN) - 4


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
