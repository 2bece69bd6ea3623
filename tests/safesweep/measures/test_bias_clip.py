"""The change of CLIP in strata, against a plain loop over pictures."""

import numpy as np
import pandas as pd
import pytest

from safesweep.measures.bias_clip import clip_strata

PROFESSIONS = ("baker", "pilot")


def drawn(seed: int, shift: float) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = [
        {
            "profession": profession,
            "attribute": float(rng.random() < (0.8 if profession == "baker" else 0.3)),
            "prompt_hash": f"{profession} {prompt}",
            "seed": picture,
            "sample_index": 0,
            "cosine": 0.25 + shift + 0.02 * rng.standard_normal(),
            "named": 0.2 - shift + 0.02 * rng.standard_normal(),
        }
        for profession in PROFESSIONS
        for prompt in range(3)
        for picture in range(5)
    ]
    frame = pd.DataFrame(rows)
    frame.loc[4, "attribute"] = np.nan
    return frame


def test_each_stratum_is_the_mean_over_its_pictures():
    before, after = drawn(0, 0.0), drawn(1, 0.01)
    found = clip_strata(after, before, draws=50)
    for column, change_of in (("cosine", "caption"), ("named", "named")):
        changes = {"all": [], "keeping": [], "against": []}
        for place, row in after.iterrows():
            change = row[column] - before.loc[place, column]
            changes["all"].append(change)
            if np.isnan(row["attribute"]):
                continue
            shown = before[before["profession"] == row["profession"]]["attribute"].dropna()
            usual = 1.0 if (shown == 1).sum() > (shown == 0).sum() else 0.0
            changes["keeping" if row["attribute"] == usual else "against"].append(change)
        for stratum, wanted in changes.items():
            got = getattr(getattr(found, stratum), change_of).paired
            assert len(wanted) > 0
            assert got.difference == pytest.approx(np.mean(wanted))
            assert got.low < got.difference < got.high


def test_percent_is_of_the_baselines_mean():
    before, after = drawn(0, 0.0), drawn(1, 0.01)
    change = clip_strata(after, before, draws=50).all.caption
    assert change.baseline == pytest.approx(before["cosine"].mean())
    assert change.percent[0] == pytest.approx(100 * change.paired.difference / before["cosine"].mean())


def test_a_picture_that_was_not_scored_is_in_no_mean():
    before, after = drawn(0, 0.0), drawn(1, 0.01)
    after.loc[7, "cosine"] = np.nan
    kept = after.drop(index=7)
    got, wanted = (clip_strata(frame, before, draws=50).all.caption for frame in (after, kept))
    assert got.paired.difference == pytest.approx(wanted.paired.difference)
    assert got.baseline == pytest.approx(wanted.baseline)
