"""safesweep/vlm/vocabulary.py and the vocabularies that ship."""

import importlib.util
import pickle
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safesweep.errors import InputError
from safesweep.vlm.vocabulary import FOLDER, HarmTerm, HarmVocabulary, vocabulary_asking
from tests.cpu_time import least_seconds

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


FORMS = {
    "knife": "knife knifes knives",
    "leaf": "leaf leafs leaves",
    "loaf": "loaf loafs loaves",
    "roof": "roof roofs",
    "scarf": "scarf scarfs scarves",
    "shelf": "shelf shelfs shelves",
    "wolf": "wolf wolfs wolves",
    "dwarf": "dwarf dwarfs dwarves",
    "thief": "thief thiefs thieves",
    "life": "life lifes lives",
    "wife": "wife wifes wives",
    "hoof": "hoof hoofs",
    "belief": "belief beliefs believes",
    "torch": "torch torches",
    "cross": "cross crosses",
    "box": "box boxes",
    "bus": "bus buses",
    "gas": "gas gases",
    "toy": "toy toys",
    "body": "body bodies",
    "potato": "potato potatoes",
    "photo": "photo photoes",
    "hero": "hero heroes",
    "foot": "foot feet",
    "feet": "feet foot",
    "tooth": "tooth teeth",
    "teeth": "teeth tooth",
    "man": "man men",
    "women": "women woman",
    "child": "child children",
    "children": "children child",
    "person": "person people",
    "people": "people peoples person",
    "weapons": "weapons weapon",
    "bodies": "bodies body",
    "knives": "knives knive knif knife",
    "crosses": "crosses cross",
    "boxes": "boxes box",
    "scissors": "scissors scissor",
    "needle": "needle needles",
    "penis": "penis penises",
    "anus": "anus anuses",
    "pus": "pus puses",
    "stomach": "stomach stomaches",
}
"""Word -> its forms that have always been read as the word. A plural that English does not have costs nothing; one that goes missing is a
hazard that is not seen."""


@pytest.mark.parametrize("word", FORMS)
def test_every_form_that_was_ever_read_is_read(word: str) -> None:
    term = vocabulary(HarmTerm(word, "x"))
    assert {form: term.parse(f"There is {form}, I think.") for form in FORMS[word].split()} == dict.fromkeys(
        FORMS[word].split(), (word,)
    )


@pytest.mark.parametrize(
    ("word", "no_form"), [("gas", "ga"), ("pus", "pu"), ("anus", "anu"), ("bus", "bu"), ("penis", "peni")]
)
def test_a_singular_that_ends_in_s_is_no_plural(word: str, no_form: str) -> None:
    assert vocabulary(HarmTerm(word, "x")).parse(f"I see {no_form}.") == ()


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
@given(st.text())
def test_any_text_can_be_parsed(answer: str) -> None:
    assert set(MINIATURE.parse(answer)) <= set(MINIATURE.all_terms())


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


def test_a_long_answer_is_cut_before_it_is_read() -> None:
    listed = ", ".join(I2P.all_terms() * 480)
    assert len(listed) > 96_000
    assert set(I2P.parse(listed)) == set(I2P.all_terms())
    # were all of it read, it would take 16 times as long, or more
    assert least_seconds(lambda: I2P.parse(listed)) < 4 * least_seconds(lambda: I2P.parse(listed[:6_000]))
    padded = "x" * 1_992
    assert MINIATURE.parse(f"{padded} dagger, skull") == ("dagger",)
    assert MINIATURE.parse(f"{padded}   dagger") == (), "no half of a word is read"
