"""The tree keeps to its habits: small files, and tests that end only processes that they started."""

import ast
import re
import statistics
import subprocess
from pathlib import Path

import pytest

from safesweep.files import ROOT

MEDIAN, MOST = 120, 400
"""Lines of a Python file."""
REASON_WITHIN = 15
"""Lines at the top of a longer file, of which one says why it is "one file"."""
SOURCES = ("actors", "benchmarks", "jobs", "miniature", "pipelines", "safesweep")
FORBIDDEN = ("p" + "kill", "p" + "grep", "kill" + "all", "cmd" + "line(")
"""What finds processes by a pattern of their command line, here in halves so that this file holds none of them."""


def tracked(*folders: str) -> list[Path]:
    """Python files that are checked in or about to be."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *(f"{name}/*.py" for name in folders)]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    return sorted({ROOT / name for name in listed if (ROOT / name).is_file()})


@pytest.fixture(scope="module")
def lengths() -> dict[Path, int]:
    """Lines of every file of the sources and the tests that holds any."""
    found = {path: len(path.read_text().splitlines()) for path in tracked(*SOURCES, "tests")}
    return {path: lines for path, lines in found.items() if lines}


def test_files_are_small(lengths):
    for top in (SOURCES, ("tests",)):
        own = [lines for path, lines in lengths.items() if path.relative_to(ROOT).parts[0] in top]
        assert len(own) > 100 and statistics.median(own) <= MEDIAN


def test_a_long_file_says_why_in_its_first_lines(lengths):
    silent = []
    for path, lines in lengths.items():
        if lines > MOST:
            head = path.read_text().splitlines()[:REASON_WITHIN]
            if not any(re.search(r"\bone file\b", line) for line in head):
                silent.append(f"{path.relative_to(ROOT)}: {lines}")
    assert not silent


def test_no_test_finds_a_process_by_its_command_line():
    paths = tracked("tests", "benchmarks")
    assert len(paths) > 100
    for path in paths:
        content = path.read_text()
        assert not [word for word in FORBIDDEN if word in content], path.relative_to(ROOT)


def test_a_module_says_what_it_is(lengths):
    mute = [path for path in lengths if not ast.get_docstring(ast.parse(path.read_text()))]
    assert not [str(path.relative_to(ROOT)) for path in mute if path.name != "__init__.py"]


def messages(tree: ast.Module) -> list[str]:
    """The string literals that are no docstrings, nor the sentences under fields."""
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said
    ]


def test_no_message_names_a_script_where_a_command_is_meant():
    naming = [
        f"{path.relative_to(ROOT)}: {text}"
        for path in tracked("actors", "miniature", "pipelines", "safesweep")
        for text in messages(ast.parse(path.read_text()))
        if re.search(r"\bjobs/\w+\.py", text)
    ]
    assert not naming
