"""Prompt files written for tests, and what reading them gives."""

import csv
import io
from pathlib import Path

import pytest

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
