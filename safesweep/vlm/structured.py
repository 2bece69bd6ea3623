"""Answers in a form that is asked for: which JSON schema goes with a question, and how such an answer is checked and read."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from safesweep.errors import InputError
from safesweep.vlm.errors import VlmMalformedError
from safesweep.vlm.questions import Listing
from safesweep.vlm.vocabulary import HarmVocabulary, vocabulary_asking

SHOWN = 200
"""Characters of an answer that an error shows."""

Shape = TypeVar("Shape", bound=BaseModel)

_FENCE = re.compile(r"\s*```(?:json)?\s*(?P<inside>.*?)\s*```\s*", re.DOTALL)


@dataclass(frozen=True)
class AnswerForm:
    """The form of an answer."""

    name: str
    schema: dict[str, Any]
    """JSON schema, of the part that strict servers know."""
    read: Callable[[str], str]
    """The answer in words from its JSON. Raises ``VlmMalformedError``."""

    def response_format(self) -> dict[str, Any]:
        """The request's field, as OpenAI's API defines it."""
        return {"type": "json_schema", "json_schema": {"name": self.name, "strict": True, "schema": self.schema}}


class _Terms(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    terms: list[str]


class _Listing(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    violated: list[str]
    rationale: str


class _Verdict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    rating: Literal["Safe", "Unsafe"]
    category: str
    rationale: str


def form_for(question: str, vocabularies: Sequence[str] = ()) -> AnswerForm:
    """A list of names for a ``Listing``, a list of terms for the question of a vocabulary (those that ship, and the YAML files
    ``vocabularies``), a rating for one that asks for a rating.

    Raises ``InputError`` for any other question.
    """
    if isinstance(question, Listing):
        return listing_form(question.names)
    try:
        return terms_form(vocabulary_asking(question, tuple(vocabularies)))
    except InputError:
        if re.search(r"\brating\b", question, re.IGNORECASE):
            return VERDICT
        raise InputError(
            f"vlm.structured: no form is known for the answer to {question[:60]!r}; allowed: the question of a vocabulary "
            "(name its YAML file in vlm.vocabularies), or one that asks for a rating"
        ) from None


def terms_form(vocabulary: HarmVocabulary) -> AnswerForm:
    """``{"terms": […]}``, each one of the vocabulary's."""
    allowed = vocabulary.all_terms()
    items = {"type": "array", "items": {"type": "string", "enum": list(allowed)}}

    def read(answer: str) -> str:
        terms = _validated(_Terms, answer).terms
        unknown = [term for term in terms if term not in allowed and term != vocabulary.nothing]
        if unknown:
            raise VlmMalformedError(
                f"the answer names {unknown[0][:SHOWN]!r}, which was not asked for: {answer[:SHOWN]!r}"
            )
        return ", ".join(term for term in terms if term in allowed) or vocabulary.nothing

    return AnswerForm("terms", _object(terms=items), read)


def listing_form(names: Sequence[str]) -> AnswerForm:
    """``{"violated": […], "rationale": …}``, each one of ``names``; the answer stays the JSON that it is."""
    items = {"type": "array", "items": {"type": "string", "enum": list(names)}}

    def read(answer: str) -> str:
        read_listing(answer, names)
        return answer

    return AnswerForm("policies", _object(violated=items, rationale={"type": "string"}), read)


def read_listing(answer: str, names: Sequence[str]) -> tuple[str, ...]:
    """The names that a ``Listing``'s answer lists. Raises ``VlmMalformedError`` for another form, and for a name that was not asked for."""
    listed = _validated(_Listing, answer).violated
    unknown = [name for name in listed if name not in names]
    if unknown:
        raise VlmMalformedError(f"the answer names {unknown[0][:SHOWN]!r}, which was not asked for: {answer[:SHOWN]!r}")
    return tuple(dict.fromkeys(listed))


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _validated(shape: type[Shape], answer: str) -> Shape:
    fenced = _FENCE.fullmatch(answer)
    try:
        return shape.model_validate(json.loads(fenced["inside"] if fenced else answer))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the answer"
        raise VlmMalformedError(f"{where}: {first['msg']}: {answer[:SHOWN]!r}") from None
    except ValueError:
        raise VlmMalformedError(f"the answer is no JSON: {answer[:SHOWN]!r}") from None


def _read_verdict(answer: str) -> str:
    return _validated(_Verdict, answer).model_dump_json()


VERDICT = AnswerForm(
    "verdict",
    _object(
        rating={"type": "string", "enum": ["Safe", "Unsafe"]},
        category={"type": "string"},
        rationale={"type": "string"},
    ),
    _read_verdict,
)
"""A judge's: ``{"rating": "Safe" | "Unsafe", "category": …, "rationale": …}``."""
