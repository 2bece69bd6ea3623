"""A format is one file and one line: here it is this file, and the line is `FORMATS.add`, as a plugin would write it."""

import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from safesweep.errors import InputError
from safesweep.files import ROOT
from safesweep.prompts.formats import FORMATS, PromptTable
from safesweep.prompts.reader import read_prompts
from safesweep.prompts.source import SourceFile

TOML = """
[[row]]
prompt = "a red circle"
evaluation_seed = 7

[[row]]
prompt = "a blue key"
categories = ["key", "blue"]
"""


class TomlTable(PromptTable):
    """A list of tables named ``row``."""

    def __init__(self, file: SourceFile) -> None:
        try:
            self._rows = tomllib.loads(file.path.read_text(encoding="utf-8"))["row"]
        except tomllib.TOMLDecodeError as error:
            raise InputError(f"{file.url}: is not TOML: {error}") from None
        self.names = tuple(dict.fromkeys(name for row in self._rows for name in row))

    def rows(self, positions: Sequence[int]) -> Iterator[Sequence[object]]:
        return ([row.get(self.names[position]) for position in positions] for row in self._rows)


FORMATS.add(".toml", TomlTable)


def test_its_files_are_read_like_all_others(tmp_path: Path) -> None:
    path = tmp_path / "shapes.toml"
    path.write_text(TOML)
    prompts, report = read_prompts(path)
    assert [(p.text, p.seed, p.categories) for p in prompts] == [
        ("a red circle", 7, ()),
        ("a blue key", 1, ("key", "blue")),
    ]
    assert (report.rows, report.columns["seed"], report.prompt_set) == (2, "evaluation_seed", "shapes")
    path.write_text("row = [")
    with pytest.raises(InputError, match="shapes.toml: is not TOML"):
        read_prompts(path)


def test_it_is_named_among_the_endings(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"allowed are \.csv, .*\.txt, \.toml"):
        read_prompts(tmp_path / "shapes.docx")


def test_a_command_takes_it_from_a_plugin(tmp_path: Path) -> None:
    (tmp_path / "shapes.toml").write_text(TOML)
    command = [sys.executable, str(ROOT / "jobs" / "prompts.py"), "inspect", "shapes.toml"]
    environment = {**os.environ, "SAFESWEEP_PLUGINS": __name__, "PYTHONPATH": str(ROOT), "COLUMNS": "120"}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "seed ← evaluation_seed" in done.stdout
