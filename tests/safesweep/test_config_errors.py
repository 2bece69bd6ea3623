"""Pydantic's errors as one line each: key, what is allowed, what was found."""

from typing import Literal

import pytest
from pydantic import Field, ValidationError, model_validator

from safesweep.config_errors import dotted_keys, explain
from safesweep.settings import Section


class Inner(Section):
    rows: int = Field(default=1, gt=0)
    kind: Literal["a", "b"] = "a"


class Outer(Section):
    name: str
    inner: Inner = Inner()
    several: tuple[Inner, ...] = ()
    either: Inner | None = None

    @model_validator(mode="after")
    def _fits(self) -> "Outer":
        if self.name == "bad":
            raise ValueError("name: bad is not allowed")
        return self


def explained(written: dict, where: str = "") -> str:
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate(written)
    return explain(caught.value, where, dotted_keys(Outer))


def test_every_option_has_its_dotted_key():
    either = ["either", "either.rows", "either.kind"]
    assert dotted_keys(Outer) == ["name", "inner", "inner.rows", "inner.kind", "several", *either]


@pytest.mark.parametrize(
    ("written", "line"),
    [
        ({}, "name: is missing"),
        ({"name": "x", "inner": {"row": 3}}, "inner.row: unknown key; did you mean 'inner.rows'?"),
        ({"name": "x", "inner": {"rows": 0}}, "inner.rows: Input should be greater than 0, found 0"),
        ({"name": "x", "several": [{}, {"rows": -1}]}, "several.1.rows: Input should be greater than 0, found -1"),
        ({"name": "bad"}, "name: bad is not allowed"),
    ],
)
def test_a_problem_names_its_key_and_what_was_found(written, line):
    assert explained(written) == line


def test_all_problems_are_said_and_each_says_where():
    line = explained({"inner": {"kind": "c"}}, "mine.yaml")
    assert line == "mine.yaml.name: is missing; mine.yaml.inner.kind: Input should be 'a' or 'b', found 'c'"
    assert explained({"name": "bad"}, "mine.yaml") == "mine.yaml.name: bad is not allowed"
