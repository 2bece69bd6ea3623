"""CSV and TSV: delimiters, quotes and line ends as people have them."""

from pathlib import Path

from safesweep.prompts.reader import read_prompts
from tests.safesweep.prompts.writing import texts, write


def test_spreadsheet_semicolons(tmp_path: Path) -> None:
    prompts, _ = read_prompts(write(tmp_path, "excel.csv", "prompt;seed\na circle, a key;4\n"))
    assert [(p.text, p.seed) for p in prompts] == [("a circle, a key", 4)]


def test_trailing_commas_are_forgiven(tmp_path: Path) -> None:
    assert texts(read_prompts(write(tmp_path, "t.csv", "prompt,seed\na,1,,\n\nb,2\n"))) == ["a", "b"]
