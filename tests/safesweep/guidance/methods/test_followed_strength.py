"""A strength that goes with what a gate sees: its numbers, and what of the cell it decides."""

import json

import pytest
from pydantic import ValidationError

from safesweep.guidance.methods.base import At, Look, negative_plan, positive_plan
from safesweep.guidance.methods.dynamic_negative import DynamicNegative
from safesweep.guidance.methods.followed_strength import Followed, FollowedStrength, any_of
from safesweep.models.text import EMPTY
from safesweep.vlm.vocabulary import HarmVocabulary
from tests.safesweep.vlm.gates import random_gate

GATE = random_gate()
TERMS = ("dagger", "flame", "skull")


def follow(**numbers) -> FollowedStrength:
    return FollowedStrength(**{"gate": GATE, "most": 20.0, **numbers})


def method(**options) -> DynamicNegative:
    usual = {
        "negative_scale": 8.0,
        "query_steps": (1, 4),
        "vocabulary": "miniature",
        "strength": {"gate": GATE, "most": 20},
    }
    return DynamicNegative.model_validate({**usual, **options})


def at(step, memory=None) -> At:
    return At(step, 8, "a red circle", EMPTY, 4.0, memory)


@pytest.mark.parametrize(
    ("probability", "scale"), [(0.0, 0.0), (0.2, 2.0), (0.5, 8.0), (0.6, 12.0), (0.8, 20.0), (1.0, 20.0)]
)
def test_the_strength_is_gamma_times_the_odds_clipped(probability, scale):
    assert follow().after(None, probability, 8.0, 3) == (pytest.approx(scale), 3)


def test_no_strength_is_none_however_surely_the_content_is_there():
    assert follow().after(None, 1.0, 0.0, 3).negative_scale == 0.0


def test_it_rises_at_once_and_falls_by_what_decay_leaves_a_step():
    one = follow(decay=0.5)
    assert one.after(Followed(16.0, 2), 0.5, 8.0, 3) == (8.0, 3)
    assert one.after(Followed(16.0, 2), 0.2, 8.0, 3) == (8.0, 3)
    assert one.after(Followed(16.0, 2), 0.2, 8.0, 5) == (2.0, 5)
    assert one.after(Followed(4.0, 2), 0.5, 8.0, 3) == (8.0, 3)
    assert follow().after(Followed(16.0, 2), 0.2, 8.0, 3) == (pytest.approx(2.0), 3)
    assert follow(decay=1.0).after(Followed(16.0, 2), 0.0, 8.0, 7) == (16.0, 7)


def test_what_is_below_the_least_is_nothing():
    one = follow(least=2.5)
    assert one.after(None, 0.2, 8.0, 3).negative_scale == 0.0
    assert one.after(None, 0.25, 8.0, 3).negative_scale == pytest.approx(8 / 3)


def test_any_of_the_terms_in_force_counts_and_no_other():
    seen = (0.5, 0.25, 1.0)
    assert any_of(seen, TERMS, frozenset({"dagger"})) == 0.5
    assert any_of(seen, TERMS, frozenset({"dagger", "flame"})) == 1 - 0.5 * 0.75
    assert any_of(seen, TERMS, frozenset(TERMS)) == 1.0


def test_the_gate_looks_while_something_is_negated_at_query_steps_and_between_them():
    one = method(strength={"gate": GATE, "most": 20, "every": 2})
    assert all(one.look(at(step)) is None for step in range(8))
    memory = one.answered(at(1), "a dagger").memory
    assert [step for step in range(8) if one.look(at(step, memory))] == [1, 3, 4, 6]
    assert (
        one.look(at(3, memory))
        == Look(GATE, positive_plan(at(3)))
        == one.look(at(3, one.looked(at(3, memory), (0.5,) * 3).memory))
    )
    assert [step for step in range(8) if method().look(at(step, memory))] == [1, 2, 3, 4, 5, 6, 7]
    assert method(strength=None).look(at(1, memory)) is None


def test_the_step_is_the_fixed_negative_of_the_strength_and_none_where_it_is_nothing():
    one = method()
    memory = one.answered(at(1), "a dagger").memory
    assert one.plan(at(1, memory)) == positive_plan(at(1))
    looked = one.looked(at(1, memory), (0.6, 0.9, 0.9))
    assert (looked.step, looked.probability, looked.negative_scale) == (1, pytest.approx(0.6), pytest.approx(12.0))
    assert one.plan(at(2, looked.memory)) == negative_plan(at(2), "dagger", looked.negative_scale)
    assert one.plan(at(2, one.looked(at(2, memory), (0.0, 0.9, 0.9)).memory)) == positive_plan(at(2))
    both = one.answered(at(4, looked.memory), "a dagger and a flame").memory
    assert one.plan(at(4, both)).scales == one.plan(at(3, looked.memory)).scales, "until the gate has looked"
    assert one.answered(at(4, looked.memory), "nothing").memory is None


def test_it_is_part_of_the_cell_by_the_gates_digest_and_cells_without_are_written_as_before():
    written = json.loads(method().model_dump_json())["strength"]
    assert written == {"gate": f"sha256:{GATE.digest}", "most": 20.0, "least": 0.0, "decay": 0.0, "every": 1}
    assert "strength" not in json.loads(method(strength=None).model_dump_json())
    assert (
        method().label() == "γ=8 followed≤20"
        and method() == method()
        and method() != method(strength=follow(decay=0.5))
    )


def test_its_label_has_the_numbers_that_are_not_the_usual_ones():
    assert (
        method(strength=follow(decay=0.85, every=2), remember=True).label()
        == "γ=8 followed≤20 decay=0.85 every=2 remember"
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"strength": {"gate": "no-such-gate", "most": 1}}, "gate 'no-such-gate' is no folder"),
        ({"strength": {"gate": GATE}}, "most"),
        ({"strength": {"gate": GATE, "most": 1, "least": 2}}, "least: must be at most most, 1, is 2"),
        ({"strength": {"gate": GATE, "most": 1, "decay": 1.5}}, "less than or equal to 1"),
        ({"strength": {"gate": GATE, "most": 1, "every": 0}}, "greater than or equal to 1"),
        ({"schedule": {}}, "strength: it follows a gate, and schedule the VLM's grades"),
        ({"negative_scale": -1.0}, "strength: follows a negative_scale of at least 0, found -1"),
        ({"vocabulary": HarmVocabulary.from_yaml("i2p")}, "strength.gate: 'random' knows the terms"),
        (
            {"strength": {"gate": random_gate(question="what?"), "most": 1}},
            r"strength.gate: 'random' was learned .* 'what\?'",
        ),
    ],
)
def test_what_does_not_fit_is_refused(options, said):
    with pytest.raises(ValidationError, match=said):
        method(**options)
