"""What values mean: words for nothing, guidance, sizes, and numbers that are none."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from safesweep.prompts.reader import read_prompts
from tests.safesweep.prompts.writing import refusal, texts, write, write_csv


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


WHOLE, FINITE, PIXELS = "a whole number from 0", "a finite number", "pixels, 1 to 4096"


@pytest.mark.parametrize(
    ("column", "value", "shown", "wanted"),
    [
        ("evaluation_seed", "12a", "a text of 3 characters", WHOLE),
        ("evaluation_seed", "1.5", "'1.5'", WHOLE),
        ("evaluation_seed", "-1", "'-1'", WHOLE),
        ("evaluation_seed", str(2**63), f"'{2**63}'", WHOLE),
        ("evaluation_seed", "9" * 5000, "'" + "9" * 56, WHOLE),
        ("evaluation_seed", "٣", "a text of 1 characters", WHOLE),
        ("guidance", "strong words", "a text of 12 characters", FINITE),
        ("guidance", "inf", "'inf'", FINITE),
        ("guidance", "nan", "'nan'", FINITE),
        ("sd_image_width", "0", "'0'", PIXELS),
        ("sd_image_width", "8000000000", "'8000000000'", PIXELS),
        ("sd_image_height", "wide", "a text of 4 characters", PIXELS),
    ],
)
def test_wrong_numbers(tmp_path: Path, column: str, value: str, shown: str, wanted: str) -> None:
    path = write_csv(tmp_path, "wrong.csv", ["prompt", column], [["a", ""], ["b", value]])
    message = refusal(path)
    assert f"row 1 (counted from 0), column {column!r}: found {shown}" in message
    assert wanted in message
    assert len(message) < 400


def test_a_size_above_the_bound_may_be_allowed(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "s.csv", ["prompt", "width"], [["a", 4097]])
    assert "found '4097'" in refusal(path)
    assert read_prompts(path, max_side=8192).prompts[0].width == 4096


def test_samples_count_up_from_the_seed(tmp_path: Path) -> None:
    last = 2**63 - 1
    path = write_csv(tmp_path, "s.csv", ["prompt", "seed"], [["a", last - 1], ["b", last]])
    assert [p.seed for p in read_prompts(path).prompts] == [last - 1, last]
    assert f"row 1 (counted from 0), column 'seed': found '{last}'; a whole number from 0 to {last - 1}" in refusal(
        path, samples=2
    )


def test_true_is_no_number_though_one_was_there(tmp_path: Path) -> None:
    path = write(tmp_path, "t.jsonl", '{"prompt": "a", "guidance": 1}\n{"prompt": "b", "guidance": true}\n')
    assert "row 1 (counted from 0), column 'guidance': found True" in refusal(path)


def test_seeds_that_have_lost_digits_are_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"prompt": ["a"], "seed": pa.array([7.0], pa.float32())}), tmp_path / "f.parquet")
    assert "column 'seed' is float; a float32 has lost the digits of large seeds" in refusal(tmp_path / "f.parquet")


def test_texts_that_no_one_sees(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "i.csv", ["prompt", "x"], [["a", 1], ["\u200b\u200d", 1], ["\ufeff \u2060", 1]])
    assert "column 'prompt' is empty in rows 1, 2 (counted from 0; some hold invisible characters)" in refusal(path)
    assert {row.why for row in read_prompts(path, on_empty="skip").report.skipped} == {
        "a prompt of invisible characters"
    }
    nul = write(tmp_path, "n.jsonl", '{"prompt": "a"}\n{"prompt": "b\\u0000c"}\n')
    assert (
        "row 1 (counted from 0), column 'prompt': found a text of 3 characters; it holds the character NUL"
        in refusal(nul)
    )
