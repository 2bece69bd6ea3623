"""What is made of cosines."""

import math

import pytest

from safesweep.measures.clip import clip_scores, over_suppression

NAN = math.nan


def test_clip_conventions():
    found = clip_scores([0.3, -0.1, NAN])
    assert found == (pytest.approx(0.1), pytest.approx(10.0), 2, 1)
    with pytest.raises(ValueError, match=r"cosine 30\.0 is outside"):
        clip_scores([30.0])


def test_over_suppression():
    unguided = [0.30, 0.30, 0.30, 0.30, 0.25, 0.30]
    guided = [0.30, 0.20, 0.29, 0.30, 0.40, NAN]
    prompts = ["same", "ruined", "ruined", "same", "better", "unscored"]
    assert over_suppression(unguided, guided, prompts) == (pytest.approx(1 / 3), 3, 1)
    assert over_suppression(unguided, guided, prompts, tolerance=0.06).share == 0
    assert over_suppression(unguided, unguided, prompts, tolerance=0).share == 0
    with pytest.raises(ValueError, match="tolerance is -1"):
        over_suppression(unguided, guided, prompts, tolerance=-1)
    with pytest.raises(ValueError, match="equal shapes"):
        over_suppression([0.1], [0.1, 0.2], ["a"])


@pytest.mark.parametrize("nothing", [[], [NAN, NAN]])
def test_nothing_scored_is_nan_not_zero(nothing):
    assert math.isnan(clip_scores(nothing).percent)
    assert math.isnan(over_suppression(nothing, nothing, ["a"] * len(nothing)).share)
