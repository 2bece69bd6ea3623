"""JSON that is no list of objects."""

from pathlib import Path

import pytest

from tests.safesweep.prompts.writing import refusal, write


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
