"""safesweep/vlm/questions.py: what a question offers goes where it goes, and tells questions of one text apart."""

import copy
import pickle

import pytest
import ray.cloudpickle

from safesweep.errors import InputError
from safesweep.vlm.questions import Choice, Listing, check_answers, same_question

CHOICE = Choice("Safe?", ("Yes", "No"))
LISTING = Listing("Which?", ("knives", "fire"))


@pytest.mark.parametrize("move", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_what_is_offered_survives_every_way_of_travelling(move):
    assert move(CHOICE) == "Safe?" and move(CHOICE).answers == ("Yes", "No")
    assert move(LISTING) == "Which?" and move(LISTING).names == ("knives", "fire")
    moved = ray.cloudpickle.loads(ray.cloudpickle.dumps([CHOICE, LISTING]))
    assert (moved[0].answers, moved[1].names) == (("Yes", "No"), ("knives", "fire"))


def test_plain_text_offers_nothing():
    assert Choice.of("Safe?") == Choice.of(LISTING) == () and Choice.of(CHOICE) == ("Yes", "No")


def test_questions_of_one_text_differ_by_what_they_offer():
    assert same_question(CHOICE, Choice("Safe?", ("Yes", "No"))) and same_question("Safe?", "Safe?")
    for other in ("Safe?", Choice("Safe?", ("No", "Yes")), Listing("Safe?", ("Yes", "No")), Choice("S", ("Yes", "No"))):
        assert not same_question(CHOICE, other) and not same_question(other, CHOICE)


@pytest.mark.parametrize(("answers", "why"), [(["a"], "1 answers, 1 diff"), (["a", "b", "a"], "3 answers, 2 diff")])
def test_a_choice_is_between_different_answers(answers, why):
    with pytest.raises(InputError, match=why):
        check_answers(answers)
