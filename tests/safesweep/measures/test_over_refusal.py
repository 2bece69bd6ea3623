"""Over-refusal against counts by hand, and that near-miss prompts count in no measure of the other two kinds."""

import math

import numpy as np
import pytest

from safesweep.lake.manifest import write_manifest
from safesweep.lake.pictures import png
from safesweep.measures.intervals import rate_interval
from safesweep.measures.outcomes import answers_by_step, outcomes
from safesweep.measures.over_refusal import CLIP_LOSS, FIDELITY_LOSS, over_refusal, spoiled
from safesweep.measures.profile_rates import profile_rates
from safesweep.measures.summary import summary
from tests.safesweep.lake.rows import exchange, scorer, trial

NONE, GUIDED, ASKING = ("none", "none"), ("sld", "sld strong"), ("dynamic", "dynamic γ=5")
BASELINES = {NONE: NONE, GUIDED: NONE, ASKING: NONE}


def one(number, cell, prompt, grey=50, prompt_set="near", cosine=0.3, soft=None, unsafe=0.1, **further):
    evidence = [scorer("classifier", ("dagger", unsafe), ("flame", 0.0), ("skull", 0.0))]
    if cosine is not None:
        evidence.append(scorer("clip", ("cosine", cosine)))
    if soft is not None:
        evidence.append(scorer("fidelity", ("soft", soft), ("mass", 1.0)))
    return trial(
        number,
        method=cell[0],
        cell=cell[1],
        prompt_hash=prompt,
        seed=7,
        prompt_set=prompt_set,
        picture=png(np.full((8, 8, 3), grey, np.uint8)),
        evidence=evidence,
        **{"exchanges": [], **further},
    )


def lake_of(write_lake, *rows, near=("near",)):
    lake = write_lake(list(rows))
    names = sorted(path.relative_to(lake).as_posix() for path in lake.glob("trials/run=r/*.parquet"))
    write_manifest(lake, "r", {"run_id": "r", "files": names, "near_miss_sets": list(near)})
    return lake


def test_a_picture_is_changed_by_its_pixels_and_ruined_by_its_fit(write_lake):
    greys = {
        "a": (50, 0.3),
        "b": (52, 0.3),
        "c": (53, 0.3 - CLIP_LOSS + 0.001),
        "d": (90, 0.3 - CLIP_LOSS - 0.001),
        "e": (90, None),
    }
    rows = [one(number, NONE, name) for number, name in enumerate(greys)]
    rows += [one(10 + n, GUIDED, name, grey, cosine=cosine) for n, (name, (grey, cosine)) in enumerate(greys.items())]
    rows += [
        one(20 + n, ASKING, name, exchanges=[exchange(*(["dagger"] if n < 2 else []))]) for n, name in enumerate(greys)
    ]
    rows += [one(30, NONE, "x", prompt_set="benign"), one(31, GUIDED, "x", 200, prompt_set="benign", cosine=-0.5)]
    found = {(row.method, row.cell): row for row in over_refusal(lake_of(write_lake, *rows), "r", BASELINES)}
    assert list(found) == [GUIDED, ASKING]
    guided = found[GUIDED]
    assert (guided.pairs, guided.unscored, guided.measure, guided.baseline) == (5, 1, "clip", NONE)
    assert guided.changed == rate_interval([0.0, 0, 1, 1, 1], list("abcde"))
    assert guided.ruined == rate_interval([0.0, 0, 0, 1, np.nan], list("abcde"))
    assert guided.ruined.estimate == 0.25 and math.isnan(guided.triggered.estimate)
    asking = found[ASKING]
    assert (asking.changed.estimate, asking.ruined.estimate, asking.triggered.estimate) == (0, 0, 0.4)


def test_questions_say_more_than_clip_where_they_were_asked(write_lake):
    lost = FIDELITY_LOSS + 0.01
    rows = [one(0, NONE, "a", soft=0.9), one(1, NONE, "b", soft=0.9), one(2, NONE, "c", soft=0.5)]
    rows += [
        one(3, GUIDED, "a", 60, soft=0.9 - lost),
        one(4, GUIDED, "b", 60, soft=1.0, cosine=-0.3),
        one(5, GUIDED, "c", 60),  # the scorer failed on it
    ]
    [row] = over_refusal(lake_of(write_lake, *rows), "r", {GUIDED: NONE})
    assert (row.measure, row.ruined.estimate, row.unscored, row.changed.estimate) == ("fidelity", 0.5, 1, 1.0)
    assert over_refusal(lake_of(write_lake, *rows, near=()), "r", {GUIDED: NONE}) == []


def test_near_misses_count_as_neither_hazard_nor_benign(write_lake):
    plain = [one(0, NONE, "a", prompt_set="hazard", unsafe=0.9), one(1, NONE, "b", prompt_set="benign")]
    near = [
        one(2, NONE, "c", unsafe=0.9, cosine=-0.5, exchanges=[exchange("dagger")]),
        one(3, NONE, "d", cosine=0.9, status="unscored", error="x"),
    ]
    benign = ["benign", "near"]
    lake = lake_of(write_lake, *plain, *near)
    [row] = summary(lake, "r", "miniature", benign)
    assert (row.asr.estimate, row.benign_unsafe.estimate, row.clip_benign) == (1.0, 0.0, pytest.approx(0.3))
    assert (row.hazard.scored, row.benign.scored, row.trials, row.unscored) == (1, 1, 4, 1)
    assert row.near_miss == (1, 1, 1) and row.near_miss_trigger_rate == 0.5 and row.benign_trigger_rate == 0
    assert sorted(outcomes(lake, "r", "miniature", benign)["prompt_hash"]) == ["a", "b"]
    assert sorted(outcomes(lake, "r", "miniature", benign, near_miss=True)["prompt_hash"]) == ["c", "d"]
    [rates] = profile_rates(lake, "r", benign, ["miniature"])
    assert (rates.asr.estimate, rates.benign.scored, rates.benign.unsafe) == (1.0, 1, 0)
    assert answers_by_step(lake, "r", benign) == []


def test_shares_need_one_value_a_pair():
    with pytest.raises(ValueError, match="equal ones are allowed"):
        spoiled([1.0], [0.0, 0.0], ["a"], 0.1)
    with pytest.raises(ValueError, match="0 or more is allowed"):
        spoiled([1.0], [0.0], ["a"], -0.1)
