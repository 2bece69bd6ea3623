"""JSON that is no list of objects."""

import json
from pathlib import Path

import pytest

from safesweep.prompts.reader import read_prompts
from tests.safesweep.prompts.writing import refusal, texts, write


@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        ('{"prompt": 5}', "column 'prompt': found 5; a text is wanted, not int"),
        ('{"prompt": "a", "seed": true}', "column 'seed': found True"),
        ('{"prompt": "a", "guidance": [1]}', "column 'guidance': found a list of 1"),
        ('{"prompt": "\\ud800"}', "whole Unicode characters"),
        ('["a"]', "row 0 (counted from 0) is a list; every row must be an object"),
        ('"a"', "row 1 (counted from 0) is a str; every row must be an object"),
        ('{"prompt": "a"', "line 2: is not JSON"),
    ],
)
def test_wrong_json(tmp_path: Path, row: str, wanted: str) -> None:
    first = "" if row.startswith("[") else '{"prompt": "a"}\n'
    assert wanted in refusal(write(tmp_path, "w.jsonl", first + row + "\n" + ("[]" if not first else "")))


ROWS = [{"prompt": "a red circle", "seed": 5}, {"prompt": "a key", "seed": 6}]
COLUMNS = {"prompt": ["a red circle", "a key"], "seed": [5, 6]}


@pytest.mark.parametrize(
    "document",
    [
        ROWS,
        COLUMNS,
        {name: {str(row): value for row, value in enumerate(values)} for name, values in COLUMNS.items()},
        {"7": ROWS[0], "9": ROWS[1]},
        {"prompts": ROWS},
        {"data": ROWS, "version": 1, "license": "x"},
        {"data": COLUMNS},
        {"data": {"rows": ROWS}},
        [{"row": row} for row in ROWS],
    ],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_shapes_of_tables(tmp_path: Path, document: object, indent: int | None) -> None:
    prompts = read_prompts(write(tmp_path, "shape.json", json.dumps(document, indent=indent))).prompts
    assert [(p.text, p.seed) for p in prompts] == [("a red circle", 5), ("a key", 6)]


@pytest.mark.parametrize(
    "document", [["a", "b, c"], {"prompts": ["a", "b, c"]}, {"set": {"prompts": ["a", "b, c"]}, "n": 2}]
)
def test_texts_alone(tmp_path: Path, document: object) -> None:
    assert texts(read_prompts(write(tmp_path, "texts.json", json.dumps(document)))) == ["a", "b, c"]
    assert texts(read_prompts(write(tmp_path, "texts.jsonl", '"a"\n"b, c"\n'))) == ["a", "b, c"]


def test_one_row_with_lists_is_one_row(tmp_path: Path) -> None:
    document = {"prompt": "a", "categories": ["x", "y"], "extra": {"text": "b"}}
    [prompt] = read_prompts(write(tmp_path, "one.json", json.dumps(document, indent=1))).prompts
    assert (prompt.text, prompt.categories) == ("a", ("x", "y"))


def test_a_key_twice_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "twice.jsonl", '{"prompt": "a"}\n{"prompt": "secret", "prompt": "b"}\n')
    message = refusal(path)
    assert "line 2: is not JSON: an object has key 2 of 2 twice; keep one" in message and "secret" not in message
