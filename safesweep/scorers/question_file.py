"""Questions that a prompt file brings along: its column ``questions``, by the text of the prompt that they belong to."""

import json
import re
from collections.abc import Mapping

from safesweep.errors import InputError
from safesweep.prompts.columns import map_columns, normalised
from safesweep.prompts.formats import FORMATS
from safesweep.prompts.source import at_hand
from safesweep.scorers.question_grammar import Question

COLUMN = "questions"
NOT = "not:"
"""Before a question whose right answer is no."""


def read_questions(path: str) -> Mapping[str, tuple[Question, ...]]:
    """Prompt -> its questions, of a local prompt file of any format with a column ``questions``; rows without one are left out.

    A field is a list, JSON's list in a text, or questions between semicolons, vertical bars or line ends.

    Raises:
        InputError: no such file or format, no prompt column, no column ``questions``, a field that is none of these, or one prompt with
            different questions in two rows.
    """
    with at_hand(path) as file:
        if file.ending not in FORMATS:
            raise InputError(
                f"{path}: cannot tell the format from the ending {file.ending!r}; allowed: {', '.join(FORMATS)}"
            )
        table = FORMATS[file.ending](file)
        text = map_columns(path, table.names)["text"]
        places = [place for place, name in enumerate(table.names) if normalised(str(name)) == COLUMN]
        if len(places) != 1:
            raise InputError(f"{path}: has {len(places)} columns {COLUMN!r}; allowed: one")
        found: dict[str, tuple[Question, ...]] = {}
        for row, (prompt, field) in enumerate(table.rows((text, places[0]))):
            questions = _questions(path, row, field)
            if questions and found.setdefault(str(prompt), questions) != questions:
                raise InputError(
                    f"{path}: row {row}: an earlier row of the same prompt has other questions; allowed: the same"
                )
    if not found:
        raise InputError(f"{path}: column {COLUMN!r} holds no question")
    return found


def _questions(path: str, row: int, field: object) -> tuple[Question, ...]:
    if isinstance(field, str) and field.lstrip().startswith("["):
        try:
            field = json.loads(field)
        except ValueError as error:
            raise InputError(f"{path}: row {row}: {COLUMN} begins as a JSON list and is none: {error}") from None
    parts = re.split(r"[;|\n]", field) if isinstance(field, str) else ([] if field is None else field)
    if not isinstance(parts, list | tuple) or not all(isinstance(part, str) for part in parts):
        raise InputError(f"{path}: row {row}: {COLUMN} is {type(field).__name__}; allowed: a list of texts, or a text")
    return tuple(_question(part.strip()) for part in parts if part.strip())


def _question(written: str) -> Question:
    if written.casefold().startswith(NOT):
        return Question(written[len(NOT) :].strip(), expected=False)
    return Question(written)
