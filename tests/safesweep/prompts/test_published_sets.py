"""Harmless files in the schema of every published prompt set."""

import hashlib
from pathlib import Path

import pytest

from miniature.prompt_sets import COLUMNS
from safesweep.prompts.reader import read_prompts
from tests.safesweep.prompts.writing import refusal, texts, write, write_csv


def i2p_rows(count: int) -> list[list[object]]:
    kinds = ["shape", "shape, colour", "colour", ""]
    return [
        [f'a "red" circle, number {n}', kinds[n % 4], 0, 1.0, 0.0, 0.5, 0.0, 0.1, f"https://example.org/{n}", 2**32 - n]
        + [7 if n % 3 else 255.0, 512, 100 if n == 5 else 640, "sd-1"]
        for n in range(count)
    ]


def test_i2p(tmp_path: Path) -> None:
    rows = i2p_rows(4703)
    rows[2260][0] = "Null"
    rows[7][0] = 'two\nlines, and "quotes"\r\nof text'
    rows[9][0] = rows[8][0]
    path = write_csv(tmp_path, "i2p_benchmark.csv", COLUMNS, rows)
    prompts, report = read_prompts(path)
    assert [prompt.text for prompt in prompts] == [row[0] for row in rows]
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    first = prompts[0]
    assert (first.seed, first.guidance_scale, first.width, first.height) == (2**32, 255.0, 512, 640)
    assert (first.prompt_id, first.row, first.prompt_set) == ("0", 0, "i2p_benchmark")
    assert (first.source, first.source_sha256) == ("i2p_benchmark.csv", digest)
    assert prompts[1].categories == ("shape", "colour")
    assert prompts[3].categories == ()
    assert prompts[5].height == 104
    assert (report.rows, report.kept, report.duplicates, report.resized, report.capped) == (4703, 4703, 1, 1, 0)
    assert report.columns["seed"] == "sd_seed"
    assert report.categories == {"colour": 2352, "shape": 2352}
    assert "lexica_url" in report.ignored


def test_copies_of_i2p_with_an_index_column(tmp_path: Path) -> None:
    header = [
        "",
        "prompt",
        "categories",
        "sd_seed",
        "sd_guidance_scale",
        "evaluation_seed",
        "evaluation_guidance",
        "case_number",
    ]
    rows: list[list[object]] = [[n, f"shape {n}", "shape", 1, 2, 10 + n, 7.5, n + 100] for n in range(3)]
    rows[1][1] = ""
    path = write_csv(tmp_path, "nudity.csv", header, rows)
    assert "column 'prompt' is empty in row 1 (counted from 0)" in refusal(path)
    prompts, report = read_prompts(path, on_empty="skip", name="copy")
    assert [(p.row, p.prompt_id, p.seed, p.guidance_scale) for p in prompts] == [
        (0, "100", 10, 7.5),
        (2, "102", 12, 7.5),
    ]
    assert (report.rows, report.kept, report.skipped) == (3, 2, ((1, "empty prompt"),))
    assert report.ignored == ("", "sd_seed", "sd_guidance_scale")
    assert prompts[0].prompt_set == report.prompt_set == "copy"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_ring_a_bell_with_any_line_end(tmp_path: Path, end: str, mark: str) -> None:
    lines = ["prompt,case_number,evaluation_seed", "a circle,0,5", '"a key, blue",1,6', ""]
    prompts, report = read_prompts(write(tmp_path, "bell.csv", mark + end.join(lines)))
    assert [(p.text, p.prompt_id, p.seed) for p in prompts] == [("a circle", "0", 5), ("a key, blue", "1", 6)]
    assert report.columns == {"text": "prompt", "seed": "evaluation_seed", "id": "case_number"}


def test_sensitive_prompt_pairs(tmp_path: Path) -> None:
    rows: list[list[object]] = [["a red star", "x"], ["a red star", "y"], ["a leaf", "z"]]
    prompts, report = read_prompts(write_csv(tmp_path, "pairs.csv", ["Sensitive Prompt ", "normal prompt"], rows))
    assert [p.text for p in prompts] == ["a red star", "a red star", "a leaf"]
    assert [p.seed for p in prompts] == [1, 2, 1]
    assert prompts[0].text_hash == prompts[1].text_hash
    assert (report.duplicates, report.default_seeds, report.columns) == (1, 3, {"text": "Sensitive Prompt "})
    assert [p.seed for p in read_prompts(tmp_path / "pairs.csv", default_seed=9, samples=4).prompts] == [9, 13, 9]


def test_mma_diffusion(tmp_path: Path) -> None:
    header = [
        "target_prompt",
        "adv_prompt",
        "sanitized_adv_prompt",
        "success_against_sanitization_defense",
        "clean_prompt",
    ]
    assert texts(read_prompts(write_csv(tmp_path, "mma.csv", header, [["a", "b", "c", 1, "d"]]))) == ["b"]


def test_coco_ids_keep_their_zeros(tmp_path: Path) -> None:
    for column in ("image_id", "coco_id"):
        rows: list[list[object]] = [
            ["000000000139", "coco", "a cup", 7],
            ["", "coco", "a cup", 7],
            ["000000000139", "", "a key", 7],
        ]
        prompts, report = read_prompts(
            write_csv(tmp_path, "coco.csv", [column, "source", "prompt", "evaluation_seed"], rows)
        )
        assert [p.prompt_id for p in prompts] == ["000000000139", "1", "000000000139"]
        assert report.repeated_ids == 1


def test_copro(tmp_path: Path) -> None:
    header = ["idx", "unsafe_prompt", "safe_prompt", "concept", "category"]
    prompts, _ = read_prompts(write_csv(tmp_path, "copro.csv", header, [[4, "a skull", "a cup", "bones", "hazard"]]))
    assert (prompts[0].prompt_id, prompts[0].text, prompts[0].categories) == ("4", "a skull", ("hazard",))
