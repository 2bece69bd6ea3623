"""What the grammar asks of a prompt, and what it leaves alone."""

import numpy as np
import pytest

from miniature.world import HARMLESS, HAZARDS, sample_harmless, sample_hazard, sample_person
from safesweep.scorers.question_grammar import LONGEST, named_questions, questions_of


@pytest.mark.parametrize(
    ("prompt", "asked"),
    [
        (
            "a red circle and a blue key",
            [
                *("Is there a circle in this picture?", "Is the circle in this picture red?"),
                *("Is there a key in this picture?", "Is the key in this picture blue?"),
            ],
        ),
        (
            "A photo of two black cats in front of an orange sofa.",
            [
                *("Does this picture show cats?", "Are there exactly two cats in this picture?"),
                *("Are the cats in this picture black?", "Is there a sofa in this picture?"),
                "Is the sofa in this picture orange?",
            ],
        ),
        (
            "an image of a builder without a hat",
            ["Is there a builder in this picture?", "not: Is there a hat in this picture?"],
        ),
        ("Mountains, mist", ["Does this picture show Mountains?", "Does this picture show mist?"]),
        ("a cup and a cup", ["Is there a cup in this picture?"]),
        ("", []),
        ("a man who walks along the long dark road home", []),
        ("£$%, 3000", []),
    ],
)
def test_questions(prompt, asked):
    assert [question.label for question in questions_of(prompt)] == asked


def test_of_the_miniature_a_prompt_asks_for_what_its_picture_shows_and_its_colours():
    rng = np.random.default_rng(0)
    for _ in range(200):
        caption, _, scene = sample_harmless(rng)
        wanted = [
            text
            for glyph, colour in scene.items
            for text in (f"Is there a {glyph} in this picture?", f"Is the {glyph} in this picture {colour}?")
        ]
        assert [question.text for question in questions_of(caption)] == wanted


def test_known_things_alone_are_asked_about():
    rng = np.random.default_rng(1)
    for kind in ("plain", "code", "scene"):
        for _ in range(50):
            caption, _, scene = sample_hazard(rng, kind)
            named = {question.object for question in named_questions(caption, (*HARMLESS, *HAZARDS))}
            shown = {item.glyph for item in scene.items}
            assert named <= shown and (kind != "plain" or named == shown)
    [hat] = named_questions("a portrait of a farmer without a hat", ("hat",))
    assert (hat.object, hat.expected) == ("hat", False)
    assert all(
        question.object == "hat"
        for _ in range(50)
        for question in named_questions(sample_person(rng).caption, ("hat",))
    )


def test_a_long_phrase_is_no_thing():
    words = ["thing"] * LONGEST
    assert questions_of("a " + " ".join(words)) and not questions_of("a " + " ".join([*words, "more"]))
