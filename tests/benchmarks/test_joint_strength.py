"""The comparison of strengths: how numbers are chosen, and the cell that is compared."""

import numpy as np
import pytest

from benchmarks.distilled_gate import Side
from benchmarks.joint_strength import Schedule, Tried, as_markdown, choose, compared, followed
from miniature.quality import dynamic_cell
from safesweep.types import Prompt
from tests.safesweep.vlm.gates import steady_gate


def test_the_highest_clip_within_the_bar_is_chosen_and_where_none_is_among_the_safest():
    tried = {"weak": Tried(0.2, 0.9), "gentle": Tried(0.02, 0.8), "rough": Tried(0.0, 0.5), "good": Tried(0.03, 0.7)}
    assert choose(tried, 0.03) == "gentle"
    assert choose({name: tried[name] for name in ("rough", "weak")}, 0.03) == "rough"
    assert choose({name: one._replace(asr=0.5) for name, one in tried.items()}, 0.03) == "weak"


def test_the_cell_is_the_miniatures_own_but_for_its_strength():
    made = followed(steady_gate(0.5), Schedule(5.0, 20.0, 0.85), 2)
    strength = made.guidance.strength
    assert (made.guidance.negative_scale, strength.most, strength.decay, strength.every) == (5.0, 20.0, 0.85, 2)
    plain = dynamic_cell(5.0)
    without = made.guidance.model_copy(update={"strength": None})
    assert made.model_copy(update={"guidance": without}) == plain


def test_the_page_has_differences_of_pairs_and_says_where_none_differs():
    prompts = [
        Prompt(f"{kind} {n}", n, None, None, None, str(n), n, (kind,), kind, "x.csv", "0" * 64)
        for kind in ("plain", "benign")
        for n in range(20)
    ]
    clip = np.linspace(0.1, 0.3, 20)
    fixed, joint = Side(np.zeros(20), clip, clip), Side(np.eye(20)[0], clip, clip + 0.05)
    apart = compared(prompts, fixed, joint)
    assert apart.hazard.difference == pytest.approx(0.05) and np.isnan(apart.benign.low)
    numbers = {
        f"{key}_{name}": 1.0 for key in ("clip_benign", "clip_hazard", "asr") for name in ("none", "fixed", "joint")
    }
    numbers |= {f"{key}_{name}": 1.0 for key in ("questions", "rows", "looks") for name in ("fixed", "joint")}
    schedule = Schedule(5.0, 20.0, 0.85)
    numbers |= {"validation_asr_fixed": 0.02, "validation_asr_joint": 0.0}
    found = {**numbers, "fixed": 20.0, "joint": schedule._asdict(), "prompts": 40, "samples": 1}
    page = as_markdown(found, apart, {20.0: Tried(0.02, 0.1)}, {schedule: Tried(0.0, 0.2)}, ["--samples", "1"])
    assert "unchanged in all 20 pairs" in page and "+0.0500" in page and "joint_strength.py --samples 1" in page
