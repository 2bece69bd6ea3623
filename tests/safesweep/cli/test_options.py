"""Options: names, flags, types in words, sentences, sections."""

import pytest

from safesweep.cli.options import in_words, options_of
from tests.safesweep.cli.made import AnyRun, Look, Run

RUN = {option.name: option for option in options_of(Run)}
LOOK = {option.name: option for option in options_of(Look)}


def test_a_sections_options_are_dotted_and_follow_it():
    below = [f"engine.{part}" for part in ("rows", "kind", "model", "labels")]
    assert set(RUN) == {"limit", "scales", "name", "engine", *below}
    assert set(list(RUN)[list(RUN).index("engine") + 1 :][:4]) == set(below)
    assert [name for name, option in RUN.items() if option.whole] == ["engine"]
    assert {option.section for name, option in RUN.items() if name.startswith("engine")} == {"engine"}
    assert RUN["limit"].section == "" and RUN["engine.rows"].about == "What turns."


def test_what_help_says_comes_from_the_field():
    rows = RUN["engine.rows"]
    assert (rows.flags, rows.kind, rows.default) == (("--engine.rows",), "INTEGER", 8)
    assert rows.sentence == "Rows of one forward, 100 % of them."
    assert RUN["name"].default is None and RUN["name"].needed and not RUN["limit"].needed
    assert [option.name for option in RUN.values() if option.open] == ["engine.labels"]


def test_places_aliases_and_switches():
    assert LOOK["file"].flags == ()
    assert LOOK["json"].flags == ("--json",) and LOOK["json"].sentence == "Where numbers go."
    assert (LOOK["texts"].flags, LOOK["texts"].kind) == (("--texts", "--no-texts"), "")


def test_a_section_of_several_kinds_has_the_options_of_all():
    found = {option.name: option for option in options_of(AnyRun)}
    assert set(found) == {*RUN, "engine.steam"}
    assert (found["engine.steam"].sentence, found["engine.rows"].default) == ("Of this kind alone.", 8)
    assert found["engine.kind"].kind == "fast|exact|slow"
    # what one kind alone needs is not needed, what all need is
    assert not found["engine.steam"].needed and found["engine.model"].needed


@pytest.mark.parametrize(
    ("metavar", "words"),
    [
        ("int", "INTEGER"),
        ("{a,b}", "a|b"),
        ("{int,str}", "INTEGER|TEXT"),
        ("tuple[float,...]", "[NUMBER, …]"),
        ("list[str]", "[TEXT, …]"),
        ("tuple[dict[str,Any],...]", "[JSON, …]"),
        ("dict[str,str]", "JSON"),
        ("JSON", "JSON"),
        ("bool", "true|false"),
        ("Decimal", "Decimal"),
    ],
)
def test_types_are_words(metavar, words):
    assert in_words(metavar) == words
