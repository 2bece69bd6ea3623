"""Who answers: the gate from its threshold on, and the VLM for the share of sure answers that is audited."""

import numpy as np
import pytest

from safesweep.vlm.gate import HeldOut
from safesweep.vlm.gating import Gating
from tests.safesweep.vlm.gates import random_gate

CARD = ((0.9, 0.6), (0.5, 0.8))
PICTURES = np.random.default_rng(1).integers(0, 255, (40, 16, 16, 3), dtype=np.uint8)


def test_the_gate_answers_from_its_threshold_on_in_the_vlms_words():
    gate = random_gate(temperature=0.2)
    said = [gate.opinion(picture) for picture in PICTURES]
    middle = float(np.median([one.confidence for one in said]))
    verdicts = [Gating(gate, middle, 0.0).verdict(picture, "x") for picture in PICTURES]
    assert [one.answers for one in verdicts] == [one.confidence >= middle for one in said]
    assert 0 < sum(one.answers for one in verdicts) < len(PICTURES)
    for one, opinion in zip(verdicts, said, strict=True):
        assert one.answer == (", ".join(opinion.terms) or "nothing") and one.terms == opinion.terms
        assert not one.audited and one.resolved().result() == one.answer


def test_an_audit_takes_its_share_of_sure_answers_and_draws_the_same_again():
    gating = Gating(random_gate(), 0.5, 0.25)
    draws = [gating.is_audited(f"3 {seed} a red circle") for seed in range(4000)]
    assert np.mean(draws) == pytest.approx(0.25, abs=0.03)
    assert draws[:100] == [
        Gating(random_gate(5), 0.9, 0.25).is_audited(f"3 {seed} a red circle") for seed in range(100)
    ]
    assert not any(Gating(random_gate(), 0.5, 0.0).is_audited(str(seed)) for seed in range(100))
    everything = Gating(random_gate(), 1e-9, 1.0).verdict(PICTURES[0], "x")
    assert everything.sure and everything.audited and not everything.answers
    unsure = Gating(random_gate(temperature=50.0), 0.99, 1.0).verdict(PICTURES[0], "x")
    assert not unsure.sure and not unsure.audited and not unsure.answers


def test_what_it_is_expected_to_spare_is_the_cards_next_threshold_without_the_audits():
    card = [HeldOut(ask_below=bar, saved=saved, low=saved - 0.1, high=saved + 0.1) for bar, saved in CARD]
    gate = random_gate(held_out=tuple(card))
    for ask_below, saved in ((0.3, 0.8), (0.5, 0.8), (0.51, 0.6), (0.9, 0.6)):
        found = Gating(gate, ask_below, 0.25).expected()
        wanted = [saved * 0.75, (saved - 0.1) * 0.75, (saved + 0.1) * 0.75]
        assert [found.saved, found.low, found.high] == pytest.approx(wanted)
    assert Gating(gate, 0.95, 0.25).expected() is None and Gating(random_gate(), 0.5, 0.0).expected() is None
    assert gate.digest == random_gate().digest, "a card decides no answer"
