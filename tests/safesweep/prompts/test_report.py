"""What a user sees of a file that was read."""

import hashlib
import io
from pathlib import Path

from rich.console import Console

from safesweep.prompts.reader import read_prompts
from tests.safesweep.prompts.writing import write_csv


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
