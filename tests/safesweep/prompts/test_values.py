"""What values mean: words for nothing, guidance, sizes, and numbers that are none."""

from pathlib import Path

import pytest

from safesweep.prompts.reader import read_prompts
from tests.safesweep.prompts.writing import refusal, texts, write_csv


def test_words_for_nothing_are_texts(tmp_path: Path) -> None:
    words = ["Null", "None", "NaN", "nan", "NA", "n/a", "null", "true", "0", "-"]
    assert (
        texts(read_prompts(write_csv(tmp_path, "words.csv", ["prompt", "x"], [[word, 1] for word in words]))) == words
    )


def test_guidance_is_kept_unless_capped(tmp_path: Path) -> None:
    rows: list[list[object]] = [["a", 255], ["b", "1e1"], ["c", 0.5], ["d", ""], ["e", -2]]
    path = write_csv(tmp_path, "g.csv", ["prompt", "sd_guidance_scale"], rows)
    prompts, report = read_prompts(path)
    assert ([p.guidance_scale for p in prompts], report.capped) == ([255.0, 10.0, 0.5, None, -2.0], 0)
    prompts, report = read_prompts(path, guidance_cap=8)
    assert ([p.guidance_scale for p in prompts], report.capped) == ([8.0, 8.0, 0.5, None, -2.0], 2)


def test_sizes_are_rounded_to_multiples(tmp_path: Path) -> None:
    rows: list[list[object]] = [["a", 512, "768.0"], ["b", 508, 3], ["c", 515, 129], ["d", "", ""]]
    path = write_csv(tmp_path, "s.csv", ["prompt", "sd_image_width", "sd_image_height"], rows)
    prompts, report = read_prompts(path)
    assert [(p.width, p.height) for p in prompts] == [(512, 768), (512, 8), (512, 128), (None, None)]
    assert report.resized == 2
    assert read_prompts(path, size_multiple=64).prompts[2].height == 128


@pytest.mark.parametrize(
    ("column", "value", "wanted"),
    [
        ("evaluation_seed", "12a", "a whole number from 0"),
        ("evaluation_seed", "1.5", "a whole number from 0"),
        ("evaluation_seed", "-1", "a whole number from 0"),
        ("evaluation_seed", str(2**63), "a whole number from 0"),
        ("evaluation_seed", "9" * 5000, "a whole number from 0"),
        ("evaluation_seed", "٣", "a whole number from 0"),
        ("guidance", "strong", "a finite number"),
        ("guidance", "inf", "a finite number"),
        ("guidance", "nan", "a finite number"),
        ("sd_image_width", "0", "pixels, at least 1"),
        ("sd_image_height", "wide", "pixels, at least 1"),
    ],
)
def test_wrong_numbers(tmp_path: Path, column: str, value: str, wanted: str) -> None:
    path = write_csv(tmp_path, "wrong.csv", ["prompt", column], [["a", ""], ["b", value]])
    message = refusal(path)
    assert f"row 1 (counted from 0), column {column!r}: found '{value[:40]}" in message
    assert wanted in message
    assert len(message) < 400
