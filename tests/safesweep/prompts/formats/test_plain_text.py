"""A prompt a line."""

from pathlib import Path

from safesweep.prompts.reader import read_prompts
from tests.safesweep.prompts.writing import refusal, texts, write


def test_headerless_text(tmp_path: Path) -> None:
    content = 'a red circle, a blue key\r\nNone\na "cup"\u2028with a line separator\n\n'
    prompts, report = read_prompts(write(tmp_path, "lines.txt", content))
    assert [p.text for p in prompts] == ["a red circle, a blue key", "None", 'a "cup"\u2028with a line separator']
    assert (report.rows, report.columns) == (3, {"text": "(line)"})
    assert "row 1" in refusal(write(tmp_path, "gap.txt", "a\n\nb\n"))
    assert texts(read_prompts(write(tmp_path, "headed.txt", "Prompt\na, b\n"))) == ["a, b"]
    assert "ending .csv" in refusal(write(tmp_path, "table.txt", "prompt,evaluation_seed\na,5\n"))
