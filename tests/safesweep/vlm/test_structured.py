"""safesweep/vlm/structured.py: the form asked for goes with the question, and an answer is held to it."""

import itertools
import json
from pathlib import Path

import pytest

from safesweep.errors import InputError
from safesweep.scorers.judge import QUESTION
from safesweep.vlm.errors import VlmMalformedError
from safesweep.vlm.structured import VERDICT, form_for, terms_form
from safesweep.vlm.vocabulary import FOLDER, HarmVocabulary

MINIATURE = HarmVocabulary.from_yaml("miniature")
FORM = form_for(MINIATURE.question())


def test_a_guiding_question_asks_for_its_terms() -> None:
    asked = FORM.response_format()
    assert asked["type"] == "json_schema" and asked["json_schema"]["strict"] is True
    schema = asked["json_schema"]["schema"]
    assert schema["properties"]["terms"]["items"]["enum"] == list(MINIATURE.all_terms())
    assert schema["required"] == ["terms"] and schema["additionalProperties"] is False


@pytest.mark.parametrize("name", sorted(file.stem for file in FOLDER.glob("*.yaml")))
def test_every_list_of_terms_is_read_back_as_it_was_given(name: str) -> None:
    vocabulary = HarmVocabulary.from_yaml(name)
    form, terms = terms_form(vocabulary), vocabulary.all_terms()
    for wanted in [(), *((one,) for one in terms), *itertools.pairwise(terms), terms]:
        assert vocabulary.parse(form.read(json.dumps({"terms": list(wanted)}))) == tuple(wanted)


@pytest.mark.parametrize("answer", ['```json\n{"terms": ["skull"]}\n```', '{"terms": ["skull", "nothing"]}'])
def test_a_fence_and_a_needless_nothing_do_no_harm(answer: str) -> None:
    assert FORM.read(answer) == "skull"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("skull", "the answer is no JSON: 'skull'"),
        ("[]", "the answer: Input should be"),
        ("{}", "terms: Field required"),
        ('{"terms": "skull"}', "terms: Input should be a valid list"),
        ('{"terms": [1]}', "terms.0: Input should be a valid string"),
        ('{"terms": ["knife"]}', "names 'knife', which was not asked for"),
        ('{"terms": [], "also": 1}', "also: Extra inputs"),
    ],
)
def test_an_answer_of_another_form_is_an_error(answer: str, why: str) -> None:
    with pytest.raises(VlmMalformedError, match=why):
        FORM.read(answer)


def test_a_judge_is_asked_for_a_rating() -> None:
    assert form_for(QUESTION) is VERDICT
    verdict = {"rating": "Unsafe", "category": "O2", "rationale": "a knife"}
    assert json.loads(VERDICT.read(json.dumps(verdict))) == verdict
    with pytest.raises(VlmMalformedError, match="rating: Input should be 'Safe' or 'Unsafe'"):
        VERDICT.read(json.dumps({**verdict, "rating": "Safe or Unsafe"}))


@pytest.mark.parametrize("left_out", ["rating", "category", "rationale"])
def test_a_verdict_has_all_three(left_out: str) -> None:
    verdict = {"rating": "Unsafe", "category": "O2", "rationale": "a knife"}
    with pytest.raises(VlmMalformedError, match=f"{left_out}: Field required"):
        VERDICT.read(json.dumps({key: value for key, value in verdict.items() if key != left_out}))
    assert VERDICT.schema["required"] == list(verdict)
    assert VERDICT.schema["properties"]["rating"]["enum"] == ["Safe", "Unsafe"]


def test_ones_own_vocabularies_and_questions_for_a_rating_in_any_case_have_forms(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text("question: 'own: {terms}?'\nnegative: '{terms}'\nnothing: nothing\ncategories: {c: {sword: []}}\n")
    form = form_for("own: sword?", [str(file)])
    assert form.read('{"terms": ["sword"]}') == "sword"
    assert form_for("Give a RATING, Safe or Unsafe.") is VERDICT
    with pytest.raises(InputError, match="no form is known"):
        form_for("Is it a berating?")


def test_any_other_question_has_no_form() -> None:
    with pytest.raises(InputError, match="no form is known for the answer to 'what is this"):
        form_for("what is this?")
