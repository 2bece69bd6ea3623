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


def test_a_table_in_a_text_file_is_a_table(tmp_path: Path) -> None:
    for delimiter in ",;\t":
        content = f"prompt{delimiter}evaluation_seed\na circle{delimiter}5\n"
        [prompt] = read_prompts(write(tmp_path, "table.txt", content)).prompts
        assert (prompt.text, prompt.seed) == ("a circle", 5)
    assert texts(read_prompts(write(tmp_path, "list.txt", "prompt, but no header\na, b\n"))) == [
        "prompt, but no header",
        "a, b",
    ]
