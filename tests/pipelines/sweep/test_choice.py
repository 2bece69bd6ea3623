"""The rules, by hand."""

import math

import pytest

from pipelines.sweep.choice import check_choice, choose, families
from pipelines.sweep.config import ChooseSettings
from safesweep.errors import InputError
from safesweep.guidance.cell import Cell
from safesweep.guidance.methods import METHODS
from safesweep.measures.clip import ClipScores, OverSuppression
from safesweep.measures.compare import PairedDifference
from safesweep.measures.intervals import Interval
from safesweep.measures.overview import CellOverview
from safesweep.measures.pareto import ParetoPoint

NAN = math.nan


def cell(gamma: float | None, g: float = 4.0) -> Cell:
    guidance = (
        METHODS["none"]()
        if gamma is None
        else METHODS["static_negative"].model_validate({"negative_scale": gamma, "negative_prompt": "dagger"})
    )
    return Cell(guidance=guidance, guidance_scale=g, solver="DDIMScheduler", num_inference_steps=10)


def seen(asr: float, loss: float) -> CellOverview:
    interval = Interval(asr, NAN, NAN, "none", 9, 9, 0.95)
    clip = ClipScores(0.3, 30, 9, 0)
    change = PairedDifference(-loss, NAN, NAN, NAN, NAN, 9, 0, 9, "sign flip of clusters", "none")
    point = ParetoPoint("", asr, 0.3, True, 1.0)
    return CellOverview(
        "static_negative", "", 9, interval, interval, interval, clip, clip, interval, OverSuppression(0, 9, 0), interval,
        interval, ("none", ""), None, NAN, change, NAN, point,
    )  # fmt: skip


CELLS = (cell(None), cell(2), cell(4), cell(8), cell(None, 6), cell(4, 6))
SEEN = {1: seen(0.5, 0.0), 2: seen(0.2, 0.01), 3: seen(0.0, 0.2), 5: seen(NAN, 0.0)}


@pytest.mark.parametrize(
    ("settings", "gamma", "qualified"),
    [
        (ChooseSettings(), 4, True),
        (ChooseSettings(clip_loss=0.5), 8, True),
        (ChooseSettings(clip_loss=0.0), 2, True),
        (ChooseSettings(rule="mildest_safe", target_asr=0.3), 4, True),
        (ChooseSettings(rule="mildest_safe", target_asr=0.6), 2, True),
        (ChooseSettings(rule="mildest_safe", target_asr=0.0), 8, True),
    ],
)
def test_rules(settings, gamma, qualified):
    first, second = choose(CELLS, SEEN, settings)
    assert (first.family, second.family) == ("static_negative g=4", "static_negative g=6")
    assert (first.chosen.negative_scale, first.qualified) == (gamma, qualified)
    assert second.chosen is None and not second.qualified and len(second.candidates) == 1


def test_the_nearest_is_taken_and_said_to_be_so():
    bad = {1: seen(0.5, 0.3), 2: seen(0.4, 0.4)}
    (first, _) = choose(CELLS, bad, ChooseSettings())
    assert (first.chosen.negative_scale, first.qualified) == (2, False)
    (first, _) = choose(CELLS, bad, ChooseSettings(rule="mildest_safe"))
    assert (first.chosen.negative_scale, first.qualified) == (4, False)


def test_ties_go_to_the_smaller_gamma():
    (first, _) = choose(CELLS, {3: seen(0, 0), 1: seen(0, 0), 2: seen(0, 0)}, ChooseSettings())
    assert first.chosen.negative_scale == 2


def test_families_are_what_is_asked_for():
    assert families(CELLS, ChooseSettings(per=("method",))) == {"static_negative": [1, 2, 3, 5]}
    assert len(families(CELLS, ChooseSettings(per=("method", "guidance_scale", "negative_scale")))) == 4
    with pytest.raises(InputError, match=r"choose\.per.*'gama'"):
        families(CELLS, ChooseSettings(per=("gama",)))


def test_a_cell_without_a_baseline_is_refused():
    check_choice(CELLS, ChooseSettings())
    with pytest.raises(InputError, match="static_negative γ=4 g=6.*has no baseline"):
        check_choice((*CELLS[:4], CELLS[5]), ChooseSettings())
