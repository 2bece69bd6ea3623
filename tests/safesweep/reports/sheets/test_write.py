"""Contact sheets of a small lake of harmless drawings."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from miniature.world import HAZARDS
from safesweep.reports.sheets.write import write_contact_sheets
from tests.safesweep.reports.sheets.rows import (
    BENIGN,
    FOREIGN_MODELS,
    HAZARD,
    OWN_MODELS,
    RULE,
    exchange,
    failed,
    picture,
    trial,
    upscaled,
    write,
)


def three_methods() -> list[dict[str, Any]]:
    rows = []
    for prompt, glyph in HAZARD + BENIGN:
        hazard = glyph in HAZARDS
        rows.append(trial(prompt, glyph))
        rows.append(trial(prompt, "circle", "static_negative", negative_scale=7.5))
        asked = [exchange(5, glyph, *([glyph] if hazard else [])), exchange(9, "circle")]
        cell = "dynamic_negative γ=7.5 g=4"
        shown = "circle" if hazard else glyph
        rows.append(trial(prompt, shown, "dynamic_negative", cell, negative_scale=7.5, exchanges=asked))
    rows[1] = failed(HAZARD[0][0], "static_negative", f"TimeoutError: no answer for {HAZARD[0][0]!r} in 60 s")
    return rows


def sheet(path: Path) -> np.ndarray[Any, Any]:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def places(whole: np.ndarray[Any, Any], part: Image.Image) -> list[tuple[int, int]]:
    """Every (x, y) at which `part` stands in `whole`, pixel for pixel."""
    tile = np.asarray(part)
    height, width = tile.shape[:2]
    # Probes on the tile's diagonal leave few places to compare in full.
    fits = np.ones((whole.shape[0] - height + 1, whole.shape[1] - width + 1), dtype=bool)
    for at in range(0, min(height, width), 7):
        window = whole[at : at + fits.shape[0], at : at + fits.shape[1]]
        fits &= (window == tile[at, at]).all(axis=2)
    found = [(int(x), int(y)) for y, x in np.argwhere(fits)]
    return [(x, y) for x, y in found if (whole[y : y + height, x : x + width] == tile).all()]


def test_a_sheet_a_method_with_the_same_columns(tmp_path: Path) -> None:
    rows = three_methods()
    paths = write_contact_sheets(write(tmp_path, rows), "r", tmp_path / "out", blur=False, profile=RULE)
    assert [path.name for path in paths] == ["dynamic_negative.png", "none.png", "static_negative.png"]
    pictures = {path.stem: sheet(path) for path in paths}
    assert len({image.shape[1] for image in pictures.values()}) == 1
    # Benign prompts keep their picture under the dynamic method, so a column is found by it in both sheets.
    for prompt, _ in BENIGN:
        across = {
            method: {
                x
                for row in rows
                if row["prompt"] == prompt and row["method"] == method
                for x, _ in places(pictures[method], upscaled(row["picture"]))
            }
            for method in ("none", "dynamic_negative")
        }
        assert len(across["none"]) == 1
        assert across["none"] == across["dynamic_negative"]


def test_rows_are_the_steps_and_the_picture(tmp_path: Path) -> None:
    rows = [
        trial("a green leaf", "leaf", "dynamic_negative", exchanges=[exchange(9, "star"), exchange(5, "key", "key")])
    ]
    rows.append(trial("a green leaf", "leaf"))
    asked, plain = map(
        sheet, write_contact_sheets(write(tmp_path, rows), "r", tmp_path / "out", blur=False, profile=RULE)
    )
    assert asked.shape[0] >= plain.shape[0] + 2 * 128
    order = [
        places(asked, upscaled(encoded))
        for encoded in (picture("key", 105, "WEBP"), picture("star", 109, "WEBP"), picture("leaf", 7))
    ]
    assert [len(found) for found in order] == [1, 1, 1]
    (x5, y5), (x9, y9), (xf, yf) = (found[0] for found in order)
    assert x5 == x9 == xf
    assert y9 - y5 == yf - y9 > 128
    assert len(places(plain, upscaled(picture("leaf", 7)))) == 1


def seen(path: Path, *glyphs: str) -> set[str]:
    """Which drawings stand in a sheet as they are."""
    whole = sheet(path)
    return {glyph for glyph in glyphs if places(whole, upscaled(picture(glyph, 7)))}


def test_what_is_not_known_to_be_benign_is_blurred(tmp_path: Path) -> None:
    """A hazard prompt's picture too that the profile calls safe, and every preview of what is blurred."""
    unscored = trial("a purple key", "key", evidence=[])
    named = trial("an orange star", "star", exchanges=[exchange(5, "dagger", "dagger"), exchange(9, "cup")])
    hazard = trial("a battle in blue", "circle", exchanges=[exchange(5, "heart")])
    rows = [trial("a red dagger", "dagger"), trial("a green leaf", "leaf"), unscored, named, hazard]
    lake = write(tmp_path, rows)
    blurred = write_contact_sheets(lake, "r", tmp_path / "blurred", profile=RULE)[0]
    clear = write_contact_sheets(lake, "r", tmp_path / "clear", blur=False, profile=RULE)[0]
    glyphs = ("dagger", "leaf", "key", "star", "circle")
    assert seen(clear, *glyphs) == set(glyphs)
    assert seen(blurred, *glyphs) == {"leaf"}
    for glyph, step in (("dagger", 5), ("cup", 9), ("heart", 5)):
        preview = upscaled(picture(glyph, 100 + step, "WEBP"))
        assert len(places(sheet(clear), preview)) == 1 and not places(sheet(blurred), preview)


def test_no_setting_unblurs_what_other_weights_made(tmp_path: Path) -> None:
    """As when the miniature's preset, which does not blur, is copied and pointed at another model."""
    rows = [trial("a red dagger", "dagger"), trial("a battle in blue", "circle"), trial("a green leaf", "leaf")]
    for name, models in (("none", None), ("other", FOREIGN_MODELS), ("broken", "{"), ("list", "[]")):
        foreign = [{**row, "models": models} for row in rows]
        path = write_contact_sheets(
            write(tmp_path / name, foreign), "r", tmp_path / name / "out", blur=False, profile=RULE
        )[0]
        assert seen(path, "dagger", "circle", "leaf") == {"leaf"}
    large = [
        {**row, "picture": picture(glyph, 7, size=(128, 128))}
        for row, glyph in zip(rows, ("dagger", "circle", "leaf"), strict=True)
    ]
    path = write_contact_sheets(
        write(tmp_path / "large", large), "r", tmp_path / "large" / "out", blur=False, profile=RULE
    )[0]
    assert seen(path, "dagger", "circle", "leaf") == {"leaf"}, (
        "the miniature draws no such size, whatever a lake claims"
    )


def test_prompts_of_other_weights_are_hashes(tmp_path: Path) -> None:
    def drawn(prompt: str, models: str) -> bytes:
        row = {**trial(prompt, "cup", prompt_hash="ab" * 32), "models": models}
        place = tmp_path / str(models == OWN_MODELS) / prompt
        return write_contact_sheets(write(place, [row]), "r", place / "out", blur=False, profile=RULE)[0].read_bytes()

    assert drawn("a green leaf", FOREIGN_MODELS) == drawn("an orange star", FOREIGN_MODELS)
    assert drawn("a green leaf", OWN_MODELS) != drawn("an orange star", OWN_MODELS)


def test_large_pictures_make_larger_tiles(tmp_path: Path) -> None:
    small, large = (
        write_contact_sheets(
            write(
                tmp_path / str(size),
                [
                    trial(prompt, glyph, picture=picture(glyph, 1, size=(size, size)), sample_index=copy)
                    for copy in range(2)
                    for prompt, glyph in BENIGN
                ],
            ),
            "r",
            tmp_path / str(size) / "out",
            profile=RULE,
        )[0]
        for size in (64, 512)
    )
    assert sheet(large).shape[0] - sheet(small).shape[0] == 64


def test_the_cell_of_the_largest_negative_scale_is_shown(tmp_path: Path) -> None:
    rows = [
        trial("a green leaf", glyph, "static_negative", f"static_negative γ={scale:g} g=4", negative_scale=scale)
        for glyph, scale in (("heart", 2.5), ("star", 15.0), ("key", 7.5))
    ]
    (path,) = write_contact_sheets(write(tmp_path, rows), "r", tmp_path / "out", blur=False, profile=RULE)
    assert len(places(sheet(path), upscaled(picture("star", 7)))) == 1
    assert not places(sheet(path), upscaled(picture("heart", 7)))


def test_prompt_sets_take_turns_and_one_sample_a_prompt_is_shown(tmp_path: Path) -> None:
    hazards = [
        trial(f"a red dagger {i}", "dagger", prompt_set="hazards", sample_index=s) for i in range(9) for s in (0, 1)
    ]
    benign = [trial(f"a green leaf {i}", "leaf", prompt_set="benign") for i in range(3)]
    (path,) = write_contact_sheets(
        write(tmp_path, hazards + benign), "r", tmp_path / "out", columns=4, blur=False, profile=RULE
    )
    image = sheet(path)
    assert len(places(image, upscaled(picture("dagger", 7)))) == 2
    assert len(places(image, upscaled(picture("leaf", 7)))) == 2


def test_prompts_that_every_method_has_come_first(tmp_path: Path) -> None:
    rows = [trial(f"a green leaf {i}", "leaf") for i in range(20)]
    rows += [trial(f"a green leaf {i}", "star", "static_negative") for i in (4, 11)]
    paths = write_contact_sheets(write(tmp_path, rows), "r", tmp_path / "out", columns=2, blur=False, profile=RULE)
    found = [len(places(sheet(path), upscaled(picture(g, 7)))) for path, g in zip(paths, ("leaf", "star"), strict=True)]
    assert found == [2, 2]


def test_same_bytes_again_and_another_choice_with_another_seed(tmp_path: Path) -> None:
    rows = [trial(f"a green leaf {i}", "leaf", picture=picture("leaf", i)) for i in range(12)]
    lake = write(tmp_path, rows)
    again = [
        write_contact_sheets(lake, "r", tmp_path / str(n), columns=3, seed=seed, profile=RULE)[0].read_bytes()
        for n, seed in enumerate((0, 0, 1))
    ]
    assert again[0] == again[1] != again[2]


def test_failures_and_gaps_have_words_in_their_place(tmp_path: Path) -> None:
    fine = trial("a green leaf", "leaf")
    rows = [
        fine,
        failed("a purple key", "none", "TimeoutError: no answer in 60 s " * 20),
        trial("an orange star", "star", picture=None),
        trial("a red circle", "circle", picture=b"broken"),
        trial("a green leaf", "leaf", "dynamic_negative", exchanges=[exchange(5, "leaf")]),
        failed("a purple key", "dynamic_negative", "out of memory"),
    ]
    paths = write_contact_sheets(write(tmp_path, rows), "r", tmp_path / "out", blur=False, profile=RULE)
    assert [len(places(sheet(path), upscaled(fine["picture"]))) for path in paths] == [1, 1]


def test_with_blur_no_prompt_is_drawn_not_even_in_an_error(tmp_path: Path) -> None:
    def drawn(prompt: str) -> bytes:
        row = failed(prompt, "none", f"ValueError: {prompt!r} is too long", prompt_hash="ab" * 32)
        place = tmp_path / prompt
        return write_contact_sheets(write(place, [row]), "r", place / "out", profile=RULE)[0].read_bytes()

    assert drawn("a green leaf") == drawn("an orange star")


@pytest.mark.parametrize(
    "prompt", ["赤い円と青い鍵" * 30, "🍀" * 80, "Ein grüner Löwe\n\tαβγ " * 20, "x" * 900, "", "\u202e\x00"]
)
def test_any_text_above_a_single_column(tmp_path: Path, prompt: str) -> None:
    row = trial(prompt, "leaf")
    (path,) = write_contact_sheets(
        write(tmp_path, [row]), "r", tmp_path / "out", blur=False, profile=RULE, banner=prompt
    )
    image = sheet(path)
    assert len(places(image, upscaled(row["picture"]))) == 1
    assert image.shape[0] < 600
    assert image.shape[1] < 600


def test_odd_method_names_stay_in_the_folder(tmp_path: Path) -> None:
    (path,) = write_contact_sheets(
        write(tmp_path, [trial("a cup", "cup", "../safe region")]), "r", tmp_path / "out", profile=RULE
    )
    assert path.parent == tmp_path / "out"
    assert path.is_file()


def test_empty_runs_and_wrong_arguments(tmp_path: Path) -> None:
    lake = write(tmp_path, [])
    assert write_contact_sheets(lake, "r", tmp_path / "out", profile="miniature") == []
    with pytest.raises(ValueError, match="columns is 0"):
        write_contact_sheets(lake, "r", tmp_path / "out", columns=0, profile=RULE)
    with pytest.raises(FileNotFoundError, match="did you mean 'r'"):
        write_contact_sheets(lake, "rr", tmp_path / "out", profile=RULE)
