"""Sections of a configuration: frozen, and without unknown keys."""

import pytest
from pydantic import ValidationError

from safesweep.settings import Section


class Part(Section):
    rows: int = 3


def test_a_section_cannot_be_changed_and_is_hashable():
    part = Part()
    with pytest.raises(ValidationError, match="frozen"):
        part.rows = 4
    assert hash(part) == hash(Part(rows=3)) and part == Part(rows=3) != Part(rows=4)


def test_an_unknown_key_is_refused():
    with pytest.raises(ValidationError, match="row\n  Extra inputs"):
        Part(row=3)
