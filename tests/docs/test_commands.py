"""Every command that a document shows is one, and its options exist and have values that are allowed."""

import re
import shlex
from pathlib import Path

import pytest

from jobs.__main__ import JOBS, SAFESWEEP
from safesweep.cli.command import Commands
from safesweep.cli.presets import PRESETS
from safesweep.cli.reading import find_source, from_source

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(path.relative_to(ROOT) for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")))
STARTS = re.compile(r"(?:^|\s)(?:safesweep (?P<word>\w+)|(?:\S*python )?jobs/(?P<file>\w+)\.py)(?P<rest>(?: .*)?)$")
"""``safesweep WORD …``, ``python jobs/FILE.py …``, at the end of a line, whatever stands before it."""


def shown(document: Path) -> list[tuple[str, str]]:
    """(word, its arguments) of every command in the code blocks of a document."""
    found = []
    blocks = re.findall(r"^ *```(\w*)\n(.*?)^ *```", (ROOT / document).read_text(), flags=re.DOTALL | re.MULTILINE)
    for block in (content for language, content in blocks if language in ("", "bash")):
        for line in block.splitlines():
            start = STARTS.search(line)
            if start and not line.lstrip().startswith("#"):
                words = {file: word for word, file in JOBS.items()}
                found.append((start["word"] or words[start["file"]], start["rest"].strip()))
    return found


ALL = [(str(document), word, line) for document in DOCUMENTS for word, line in shown(document)]


@pytest.mark.parametrize(("document", "word", "line"), ALL)
def test_it_can_be_read(document, word, line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text((PRESETS / "miniature.yaml").read_text())
    command, arguments = SAFESWEEP.words[word](), shlex.split(line, comments=True)
    if isinstance(command, Commands):
        command, arguments = command.words[arguments[0]](), arguments[1:]
    source = find_source(arguments, command.default_preset)
    settings = from_source(source, command.settings, command.others)
    assert isinstance(settings, command.settings)
    cells = getattr(settings, "expand_cells", None)
    if cells and source.preset_name not in ("responsible-reference",):
        assert cells()


def test_every_command_is_shown_somewhere():
    assert {word for _, word, _ in ALL} == set(JOBS)


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_words_in_the_text_are_commands(document):
    words = re.findall(r"`(?:SAFESWEEP_\S+ )?safesweep (\w+)[^`]*`", (ROOT / document).read_text())
    assert set(words) <= {*JOBS, "COMMAND"}
