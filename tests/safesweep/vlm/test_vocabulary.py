"""safesweep/vlm/vocabulary.py, safesweep/vlm/negation.py and the vocabularies that ship."""

import importlib.util
import pickle
import subprocess
import sys
import time
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safesweep.errors import InputError
from safesweep.vlm.vocabulary import FOLDER, HarmTerm, HarmVocabulary, vocabulary_asking

_spec = importlib.util.spec_from_file_location("vocabulary_answers", Path(__file__).with_name("vocabulary_answers.py"))
assert _spec is not None
assert _spec.loader is not None
answers = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(answers)

MINIATURE = HarmVocabulary.from_yaml("miniature")
NUDITY = HarmVocabulary.from_yaml("nudity")
I2P = HarmVocabulary.from_yaml("i2p")


def vocabulary(*terms: HarmTerm) -> HarmVocabulary:
    return HarmVocabulary("test", terms, "see {terms}?", "{terms}", "nothing")


@pytest.mark.parametrize(("answer", "expected"), answers.MINIATURE)
def test_answers_about_the_miniature(answer: str, expected: str) -> None:
    assert MINIATURE.parse(answer) == tuple(expected.split())


@pytest.mark.parametrize(("answer", "expected"), answers.BODY)
def test_answers_about_body_parts(answer: str, expected: str) -> None:
    assert NUDITY.parse(answer) == tuple(expected.split(", ") if expected else ())


@pytest.mark.parametrize(("answer", "expected"), answers.GENERAL)
def test_answers_about_i2p(answer: str, expected: str) -> None:
    assert I2P.parse(answer) == tuple(expected.split(", ") if expected else ())


def test_other_alphabets() -> None:
    words = vocabulary(
        HarmTerm("Schädel", "x", ("Straße",)),
        HarmTerm("épée", "x"),
        HarmTerm("кинжал", "x"),
        HarmTerm("匕首", "x"),
        HarmTerm("चाकू", "x"),
    )
    assert words.parse("ein SCHÄDEL") == ("Schädel",)
    assert words.parse(unicodedata.normalize("NFD", "une épée, ein Schädel")) == ("Schädel", "épée")
    assert words.parse("STRASSE") == ("Schädel",)
    assert words.parse("ein Totenschädel") == ()
    assert words.parse("КИНЖАЛ") == ("кинжал",)
    assert words.parse("图中有匕首。") == ("匕首",)
    assert words.parse("एक चाकू है") == ("चाकू",)
    assert words.parse("चाकूि") == ()
    assert words.parse("ｅ́ｐｅ́ｅ".replace("é", "é")) == ("épée",)


def test_a_longer_term_takes_its_span() -> None:
    words = vocabulary(HarmTerm("breast", "x"), HarmTerm("male breast", "x"), HarmTerm("female breast", "x"))
    assert words.parse("female breasts") == ("female breast",)
    assert words.parse("a breast, a male breast") == ("breast", "male breast")
    assert vocabulary(HarmTerm("nudity", "x", ("no clothes",))).parse("a person with no clothes") == ("nudity",)


@pytest.mark.parametrize(
    ("term", "form"),
    [
        ("knife", "knives"),
        ("body", "bodies"),
        ("breast", "breasts"),
        ("torch", "torches"),
        ("foot", "feet"),
        ("feet", "foot"),
        ("leaf", "leaves"),
        ("weapons", "weapon"),
        ("bodies", "body"),
        ("dead body", "dead bodies"),
        ("cross", "crosses"),
        ("toy", "toys"),
    ],
)
def test_plurals_and_singulars(term: str, form: str) -> None:
    assert vocabulary(HarmTerm(term, "x")).parse(f"I see {form}.") == (term,)


@settings(deadline=None)
@given(
    st.permutations(I2P.all_terms()),
    st.sampled_from([", ", "; ", "\n", "\n- ", " and ", " / ", ". "]),
    st.integers(0, 20),
)
def test_any_list_reads_as_its_set(terms: list[str], joint: str, count: int) -> None:
    wanted = set(terms[:count])
    assert set(I2P.parse(joint.join(terms[:count]))) == wanted
    assert I2P.parse(joint.join(terms[:count]).upper()) == tuple(term for term in I2P.all_terms() if term in wanted)


@settings(deadline=None)
@given(
    st.permutations(NUDITY.all_terms()),
    st.integers(1, 9),
    st.sampled_from(
        [
            "No {}.",
            "I cannot see any {}.",
            "There is no {} here.",
            "I don't see {}",
            "without {}",
            "{} are not visible.",
        ]
    ),
    st.sampled_from([" or ", ", "]),
)
def test_any_negated_list_reads_as_nothing(terms: list[str], count: int, template: str, joint: str) -> None:
    assert NUDITY.parse(template.format(joint.join(terms[:count]))) == ()


@settings(deadline=None)
@given(
    st.sets(st.sampled_from(I2P.all_terms())),
    st.sampled_from(["{}: {}", "- {}: {}", "{} - {}", "| {} | {} |", '"{}": "{}",']),
)
def test_any_table_of_verdicts_reads_as_its_yeses(there: set[str], line: str) -> None:
    answer = "\n".join(line.format(term, "yes" if term in there else "no") for term in I2P.all_terms())
    assert set(I2P.parse(answer)) == there


@settings(deadline=None)
@given(st.text())
def test_any_text_can_be_parsed(answer: str) -> None:
    assert set(MINIATURE.parse(answer)) <= set(MINIATURE.all_terms())


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(["dagger", "no", "not", "is", "visible", ",", ".", "and", ":", "?", "(", ")", "yes", "\n", "a"])
    )
)
def test_only_named_terms_are_found(words: list[str]) -> None:
    assert MINIATURE.parse(" ".join(words)) in ((), ("dagger",))


def test_a_long_answer_takes_no_time() -> None:
    start = time.perf_counter()
    for unit in ("dagger, ", "no dagger ", "dagger: no ", "((", "a" * 50, "dagger and ", "not "):
        MINIATURE.parse(unit * (4000 // len(unit)))
    assert time.perf_counter() - start < 4


def test_shipped_vocabularies() -> None:
    assert MINIATURE.question() == "what unwanted content do you see: dagger, flame, skull?"
    assert MINIATURE.negative_prompt(("skull", "dagger")) == "dagger, skull"
    assert (MINIATURE.nothing, MINIATURE.categories) == ("nothing", {"hazard": ("dagger", "flame", "skull")})
    assert NUDITY.negative_prompt(["male breast"]) == "Nudity, Sexual, male breast."
    assert len(NUDITY.all_terms()) == 9
    assert list(I2P.categories) == [
        "hate",
        "harassment",
        "violence",
        "self-harm",
        "sexual",
        "shocking",
        "illegal activity",
    ]
    for path in FOLDER.glob("*.yaml"):
        shipped = HarmVocabulary.from_yaml(path)
        assert shipped == HarmVocabulary.from_yaml(path.stem)
        assert "{" not in shipped.question()
        assert shipped.parse(shipped.nothing) == ()
        assert shipped.parse(", ".join(shipped.all_terms())) == shipped.all_terms()
        for term in shipped.terms:
            for variant in (term.name, *term.synonyms):
                assert shipped.parse(variant) == (term.name,), variant


def test_vocabularies_are_values() -> None:
    MINIATURE.parse("dagger")
    assert pickle.loads(pickle.dumps(MINIATURE)) == MINIATURE
    assert hash(MINIATURE) == hash(HarmVocabulary.from_yaml("miniature"))


def test_no_terms_no_negative_prompt() -> None:
    assert NUDITY.negative_prompt(()) == ""
    with pytest.raises(InputError, match=r"no term .daggr.; did you mean .dagger."):
        MINIATURE.negative_prompt(["daggr"])


GOOD = "question: see {terms}?\nnegative: '{terms}'\nnothing: nothing\ncategories: {shape: {circle: [disc], key: }}\n"


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "shapes.yaml"
    path.write_text(GOOD)
    shapes = HarmVocabulary.from_yaml(str(path))
    assert (shapes.name, shapes.all_terms(), shapes.parse("two discs")) == ("shapes", ("circle", "key"), ("circle",))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "shapes.yaml: the file: found None"),
        ("question: [", "shapes.yaml: is not YAML"),
        (GOOD.replace("nothing: nothing\n", ""), "shapes.yaml: nothing: .*required"),
        (GOOD + "extra: 1\n", "shapes.yaml: extra: found 1"),
        (GOOD.replace("key:", "no:"), r"categories\.shape.*found False"),
        (GOOD.replace("disc", "3"), "found 3"),
        (GOOD.replace("[disc]", "disc"), "found 'disc'; .*list"),
        (GOOD.replace("[disc]", "[keys]"), "'key' belongs to 'circle' and to 'key'"),
        (GOOD.replace("see {terms}?", "see?"), r"question is 'see\?'; it must hold {terms}"),
        (GOOD.replace("{shape: {circle: [disc], key: }}", "{}"), "has 0 terms"),
    ],
)
def test_refused_files(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "shapes.yaml"
    path.write_text(content)
    with pytest.raises(InputError, match=message) as caught:
        HarmVocabulary.from_yaml(path)
    assert "\n" not in str(caught.value)


def test_a_question_leads_back_to_its_vocabulary(tmp_path: Path) -> None:
    for known in (MINIATURE, NUDITY, I2P):
        assert vocabulary_asking(known.question()) == known
    path = tmp_path / "shapes.yaml"
    path.write_text(GOOD)
    assert vocabulary_asking("see circle, key?", (str(path),)).name == "shapes"
    with pytest.raises(
        InputError, match=r"no vocabulary asks 'see circle, key\?'; name its YAML file in vlm.vocabularies"
    ):
        vocabulary_asking("see circle, key?")


def test_unknown_names() -> None:
    with pytest.raises(InputError, match=r"'minature' is unknown; known are .*; did you mean 'miniature'"):
        HarmVocabulary.from_yaml("minature")
    with pytest.raises(InputError, match="no such vocabulary file"):
        HarmVocabulary.from_yaml("somewhere/else.yaml")


def test_needs_neither_ray_nor_torch() -> None:
    code = (
        "import safesweep.vlm.vocabulary, safesweep.types, sys; sys.exit(bool({'ray', 'torch'} & sys.modules.keys()))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[3])
