"""safesweep/prompts/reader.py, prompt_files.py and prompt_columns.py on harmless files in every published schema."""

import csv
import hashlib
import io
import json
import os
import time
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from miniature.prompt_sets import COLUMNS
from safesweep.errors import InputError
from safesweep.prompts.reader import PromptSet, read_prompts


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def write_csv(folder: Path, name: str, header: list[str], rows: list[list[object]]) -> Path:
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows([header, *rows])
    return write(folder, name, stream.getvalue())


def texts(prompt_set: PromptSet) -> list[str]:
    return [prompt.text for prompt in prompt_set.prompts]


def refusal(path: Path | str, **options: object) -> str:
    with pytest.raises(InputError) as caught:
        read_prompts(path, **options)  # type: ignore[arg-type]
    message = str(caught.value)
    assert "\n" not in message
    assert Path(path).name in message
    return message


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
    start = time.perf_counter()
    prompts, report = read_prompts(path)
    assert time.perf_counter() - start < 2
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
    assert {p.seed for p in prompts} == {1}
    assert prompts[0].text_hash == prompts[1].text_hash
    assert (report.duplicates, report.default_seeds, report.columns) == (1, 3, {"text": "Sensitive Prompt "})
    assert {p.seed for p in read_prompts(tmp_path / "pairs.csv", default_seed=9).prompts} == {9}


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


def test_headerless_text(tmp_path: Path) -> None:
    content = 'a red circle, a blue key\r\nNone\na "cup"\u2028with a line separator\n\n'
    prompts, report = read_prompts(write(tmp_path, "lines.txt", content))
    assert [p.text for p in prompts] == ["a red circle, a blue key", "None", 'a "cup"\u2028with a line separator']
    assert (report.rows, report.columns) == (3, {"text": "(line)"})
    assert "row 1" in refusal(write(tmp_path, "gap.txt", "a\n\nb\n"))
    assert texts(read_prompts(write(tmp_path, "headed.txt", "Prompt\na, b\n"))) == ["a, b"]
    assert "ending .csv" in refusal(write(tmp_path, "table.txt", "prompt,evaluation_seed\na,5\n"))


def test_words_for_nothing_are_texts(tmp_path: Path) -> None:
    words = ["Null", "None", "NaN", "nan", "NA", "n/a", "null", "true", "0", "-"]
    assert (
        texts(read_prompts(write_csv(tmp_path, "words.csv", ["prompt", "x"], [[word, 1] for word in words]))) == words
    )


@pytest.mark.parametrize("name", ["all.csv", "all.tsv", "all.jsonl", "all.ndjson", "all.json", "all.parquet"])
def test_formats_agree(tmp_path: Path, name: str) -> None:
    rows: list[dict[str, Any]] = [
        {
            "prompt": ' a "red" circle,\nand\ta key ',
            "evaluation_seed": 2**63 - 1,
            "guidance": 7.5,
            "width": 512,
            "case_number": "01",
        },
        {"prompt": "ein Schlüssel 🔑", "evaluation_seed": None, "guidance": None, "width": None, "case_number": None},
    ]
    path = tmp_path / name
    suffix = path.suffix
    if suffix in (".csv", ".tsv"):
        with path.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, list(rows[0]), delimiter="," if suffix == ".csv" else "\t")
            writer.writeheader()
            writer.writerows(rows)
    elif suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif suffix == ".json":
        path.write_text(json.dumps(rows, indent=1))
    else:
        path.write_text(
            "".join(json.dumps(row, ensure_ascii=False) + "\r\n" for row in rows), encoding="utf-8", newline=""
        )
    prompts, report = read_prompts(path)
    seen = [(p.text, p.seed, p.guidance_scale, p.width, p.height, p.prompt_id) for p in prompts]
    assert seen == [
        (rows[0]["prompt"], 2**63 - 1, 7.5, 512, None, "01"),
        (rows[1]["prompt"], 1, None, None, None, "1"),
    ]
    assert report.default_seeds == 1


def test_parquet_reads_only_the_columns_it_needs(tmp_path: Path) -> None:
    table = pa.table({
        "Prompt": pa.array(["a", "b"]).dictionary_encode(),
        "seed": pa.array([3.0, None], pa.float64()),
        "categories": [["x", "y"], None],
        "image": [{"bytes": b"1"}, {"bytes": b"2"}],
    })  # fmt: skip
    pq.write_table(table, tmp_path / "hub.parquet")
    prompts, report = read_prompts(tmp_path / "hub.parquet")
    assert [(p.text, p.seed, p.categories) for p in prompts] == [("a", 3, ("x", "y")), ("b", 1, ())]
    assert report.ignored == ("image",)


def test_spreadsheet_semicolons(tmp_path: Path) -> None:
    prompts, _ = read_prompts(write(tmp_path, "excel.csv", "prompt;seed\na circle, a key;4\n"))
    assert [(p.text, p.seed) for p in prompts] == [("a circle, a key", 4)]


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


def test_a_limit_counts_prompts(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "l.csv", ["prompt", "seed"], [["a", 1], ["", 1], ["b", 1], ["", 1], ["c", "bad"]])
    assert texts(read_prompts(path, limit=1)) == ["a"]
    prompts, report = read_prompts(path, limit=2, on_empty="skip")
    assert ([p.row for p in prompts], report.rows, len(report.skipped)) == ([0, 2], 5, 1)


def test_empty_prompts_are_named_together(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "e.csv", ["prompt", "x"], [["", 1]] * 6 + [["a", 1]] + [[" \t", 1]] * 6)
    assert "rows 0, 1, 2, 3, 4, 5, 7, 8, 9, 10 and 2 more" in refusal(path)
    assert read_prompts(path, on_empty="skip").report.kept == 1
    assert "row 1" in refusal(write(tmp_path, "e.jsonl", '{"prompt": "a"}\n{"prompt": null}\n'))
    assert "row 1" in refusal(write(tmp_path, "e2.jsonl", '{"prompt": "a"}\n{"text": "b"}\n'))
    all_empty = write_csv(tmp_path, "all.csv", ["prompt", "x"], [["", 1]])
    assert "all 1 rows are empty" in refusal(all_empty, on_empty="skip")


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


@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        ('{"prompt": 5}', "column 'prompt': found 5; a text is wanted, not int"),
        ('{"prompt": "a", "seed": true}', "column 'seed': found True"),
        ('{"prompt": "a", "guidance": [1]}', "column 'guidance': found [1]"),
        ('{"prompt": "\\ud800"}', "whole Unicode characters"),
        ('["a"]', "is not JSON"),
        ('"a"', "row 1 (counted from 0) is a str; every row must be an object"),
        ('{"prompt": "a"', "line 2: is not JSON"),
    ],
)
def test_wrong_json(tmp_path: Path, row: str, wanted: str) -> None:
    first = "" if row.startswith("[") else '{"prompt": "a"}\n'
    assert wanted in refusal(write(tmp_path, "w.jsonl", first + row + "\n" + ("[]" if not first else "")))


@pytest.mark.parametrize(
    ("name", "content", "wanted"),
    [
        ("empty.csv", "", "is empty"),
        ("bare.csv", "prompt,seed\n", "has no rows"),
        ("empty.txt", "\n\n", "has no rows"),
        ("empty.jsonl", "", "has no rows"),
        (
            "other.csv",
            "promt,seed\na,1\n",
            "no prompt column among 'promt', 'seed'; accepted are 'prompt', 'adv_prompt'",
        ),
        ("other.csv", "promt,seed\na,1\n", "did you mean 'prompt'?"),
        ("twice.csv", "prompt,Prompt \na,b\n", "2 columns named 'prompt'"),
        (
            "wide.csv",
            "prompt,seed\na,1\nb, c,2\n",
            "row 1 (counted from 0) has 3 fields where the header has 2; put quotes",
        ),
        ("short.csv", "prompt,seed\na\n", "row 0 (counted from 0) has 1 fields where the header has 2"),
        ("open.csv", 'prompt,seed\n"a,1\nb,2\n', "near line 3"),
        ("latin.csv", b"prompt\ncaf\xe9\n", "is not UTF-8: byte 10 is 0xe9"),
        ("marked.csv", b"\xef\xbb\xbfprompt\ncaf\xe9\n", "is not UTF-8: byte 13 is 0xe9"),
        ("wide.txt", "a".encode("utf-16"), "is UTF-16"),
        ("not.parquet", b"PAR1", "is not a readable Parquet file"),
        ("prompts.docx", b"", "cannot tell the format from the ending '.docx'; allowed are .csv, .tsv"),
        ("prompts", b"", "cannot tell the format from the ending ''"),
    ],
)
def test_files_that_cannot_be_used(tmp_path: Path, name: str, content: str | bytes, wanted: str) -> None:
    assert wanted in refusal(write(tmp_path, name, content))


def test_trailing_commas_are_forgiven(tmp_path: Path) -> None:
    assert texts(read_prompts(write(tmp_path, "t.csv", "prompt,seed\na,1,,\n\nb,2\n"))) == ["a", "b"]


def test_paths_that_cannot_be_read(tmp_path: Path) -> None:
    assert "no such file" in refusal(tmp_path / "missing.csv")
    (tmp_path / "folder.csv").mkdir()
    assert "is a folder" in refusal(tmp_path / "folder.csv")
    assert "cannot be read: Not a directory" in refusal(write(tmp_path, "a.csv", "prompt\na\n") / "b.csv")
    locked = write(tmp_path, "locked.csv", "prompt\na\n")
    locked.chmod(0)
    if os.geteuid() != 0:  # root reads everything
        assert "cannot be read: Permission denied" in refusal(locked)


def test_urls() -> None:
    with fsspec.open("memory://sets/shapes.csv", "wb") as stream:
        stream.write(b"prompt,seed\na circle,4\n")
    prompts, report = read_prompts("memory://sets/shapes.csv")
    assert (prompts[0].text, prompts[0].source, report.prompt_set) == ("a circle", "shapes.csv", "shapes")
    assert "no such file" in refusal("memory://sets/missing.csv")
    assert "cannot be read: ValueError: Protocol not known: nowhere" in refusal("nowhere://sets/shapes.csv")


def test_a_url_without_its_fsspec_package_goes_through_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_package(url: str, mode: str) -> None:
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(fsspec, "open", no_package)
    path = write(tmp_path, "shapes.csv", "prompt\na circle\n")
    assert texts(read_prompts(path.as_uri())) == ["a circle"]
    assert "no installed file system can read it (Install s3fs" in refusal("github://shapes.csv")


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"limit": 0}, "limit is 0; at least 1"),
        ({"on_empty": "drop"}, "on_empty is 'drop'; allowed are 'refuse' and 'skip'"),
        ({"default_seed": -1}, "default_seed is -1"),
        ({"guidance_cap": 0.0}, "guidance_cap is 0.0"),
        ({"guidance_cap": float("nan")}, "guidance_cap is nan"),
        ({"size_multiple": 0}, "size_multiple is 0"),
    ],
)
def test_wrong_arguments(tmp_path: Path, options: dict[str, object], wanted: str) -> None:
    path = write(tmp_path, "a.csv", "prompt\na\n")
    with pytest.raises(InputError, match=wanted):
        read_prompts(path, **options)  # type: ignore[arg-type]


def test_the_report_shows_everything_but_texts(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "r.csv", ["prompt", "categories", "[red]"], [["a hidden text", "shape", 1], ["", "", 1]])
    console = Console(record=True, width=100, file=io.StringIO())
    console.print(read_prompts(path, on_empty="skip").report.render())
    shown = console.export_text()
    for part in (
        "r.csv → r",
        "text ← prompt",
        "[red]",
        "1: empty prompt",
        "1 shape",
        hashlib.sha256(path.read_bytes()).hexdigest(),
    ):
        assert part in shown
    assert "hidden" not in shown


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1).filter(
    lambda text: text.strip() != ""
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(TEXT, st.integers(0, 2**63 - 1)), min_size=1, max_size=8))
def test_any_text_survives_csv_and_json(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, int]]) -> None:
    folder = tmp_path_factory.mktemp("any")
    paths = [write_csv(folder, "any.csv", ["prompt", "seed"], [list(row) for row in rows])]
    paths.append(write(folder, "any.jsonl", "".join(json.dumps({"prompt": t, "seed": s}) + "\n" for t, s in rows)))
    for path in paths:
        assert [(p.text, p.seed) for p in read_prompts(path).prompts] == rows
