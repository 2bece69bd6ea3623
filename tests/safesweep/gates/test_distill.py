"""From a lake to a gate that answers as the VLM did."""

import numpy as np
import pytest

from safesweep.gates.distill import distill
from safesweep.gates.recipe import GateRecipe
from safesweep.vlm.gate import CARD, Gate
from tests.safesweep.gates.lakes import VOCABULARY, drawing, rows, write_run

RECIPE = GateRecipe(side=32, channels=(8, 16), epochs=25, batch=32, learning_rate=0.01)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    lake = write_run(tmp_path_factory.mktemp("lake"), rows(72))
    said: list[str] = []
    found = distill(lake, ["r"], VOCABULARY, RECIPE, lake / "gates" / "mine", said.append)
    return lake, found, said


def test_the_gate_answers_as_the_vlm_did_on_prompts_that_it_has_not_seen(made):
    lake, found, _ = made
    assert found.quality.agreement.estimate >= 0.9 and found.quality.agreement.clusters > 5
    gate = Gate.load(str(lake / "gates" / "mine"))
    assert gate == found.gate and not (lake / "gates" / "mine" / "training.state").exists()
    said = [
        gate.opinion(drawing(terms, 9_000 + seed)).terms
        for seed in range(10)
        for terms in ((), ("dagger",), ("skull",))
    ]
    assert np.mean([one == wanted for one, wanted in zip(said, [(), ("dagger",), ("skull",)] * 10, strict=True)]) >= 0.9


def test_plans_can_read_what_the_card_says_of_each_threshold(made):
    lake, found, _ = made
    read = Gate.load(str(lake / "gates" / "mine")).config.held_out
    card = [(one.ask_below, *one.saved[:3]) for one in found.quality.thresholds]
    assert [(one.ask_below, one.saved, one.low, one.high) for one in read] == card and len(card) > 5


def test_the_card_and_the_log_say_what_it_is_worth_and_what_it_cannot_know(made):
    lake, found, said = made
    card = (lake / "gates" / "mine" / CARD).read_text()
    assert found.gate.digest in card and "flame (0 previews)" in card and found.rare == {"flame": 0}
    assert "| 0.98 |" in card and "| dagger |" in card and "| 3 |" in card
    assert said[0] == "288 previews of 72 prompts, answered by a VLM@1" and said[-1].startswith("round 25 of 25: loss ")


def test_the_same_again_is_the_same_gate(made, tmp_path):
    lake, found, _ = made
    short = RECIPE.model_copy(update={"epochs": 2})
    one, other = (distill(lake, ["r"], VOCABULARY, short, tmp_path / name) for name in ("one", "other"))
    assert one.gate == other.gate != found.gate
