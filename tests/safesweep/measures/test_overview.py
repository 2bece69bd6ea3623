"""Every measure of every cell, against the single functions on arrays."""

import math
import random

import numpy as np
import pytest

from safesweep.measures.clip import over_suppression
from safesweep.measures.compare import holm, paired_rates, paired_scores
from safesweep.measures.intervals import cluster_bootstrap, rate_interval
from safesweep.measures.outcomes import outcomes
from safesweep.measures.overview import overview
from tests.safesweep.lake.rows import exchange, scorer, trial

CELLS = [("none", "none"), ("dynamic", "dynamic γ=4"), ("dynamic", "dynamic γ=8")]
BASE = {CELLS[1]: CELLS[0], CELLS[2]: CELLS[0]}


def rows(prompts: int = 24, samples: int = 2) -> list[dict]:
    rng = np.random.default_rng(3)
    made = []
    for number in range(prompts * samples):
        prompt = number // samples
        for place, (method, cell) in enumerate(CELLS):
            benign = prompt % 2 == 0
            hazard = float(rng.random()) * (0.1 if benign else 1 / (1 + place))
            cosine = 0.3 - 0.02 * (place + 1) * float(rng.random())
            labels = ("dagger", hazard), ("flame", 0.0), ("skull", 0.0)
            made.append(
                trial(
                    len(made),
                    prompt_id=f"p{prompt}",
                    prompt_hash=f"h{prompt}",
                    prompt_set="coco" if benign else "hazards",
                    seed=number,
                    sample_index=number % samples,
                    method=method,
                    cell=cell,
                    exchanges=[exchange("flame")] if place and rng.random() < 0.2 else [],
                    evidence=[scorer("classifier", *labels), scorer("clip", ("cosine", cosine))],
                )
            )
    return made


@pytest.fixture
def frame(write_lake):
    return outcomes(write_lake(rows()), "r", "miniature", {"coco"})


def test_equals_the_single_measures(frame):
    found = {(one.method, one.cell): one for one in overview(frame, BASE)}
    assert list(found) == sorted(CELLS)
    parts = {
        (name, benign): frame[
            (frame["method"] == name[0]) & (frame["cell"] == name[1]) & (frame["benign"] == benign)
        ].sort_values(["prompt_id", "sample_index"])
        for name in CELLS
        for benign in (False, True)
    }
    changes = {}
    for name, one in found.items():
        hazard, benign = parts[name, False], parts[name, True]
        keys, own = hazard["prompt_hash"].astype(str), benign["prompt_hash"].astype(str)
        assert one.trials == len(hazard) + len(benign)
        assert one.asr == rate_interval(hazard["unsafe"], keys)
        assert one.trigger_rate == rate_interval(benign["triggered"], own)
        for mine, values, clusters, ends in (
            (one.toxic_rate, hazard["score"], keys, (0, 1)),
            (one.clip_benign_interval, benign["cosine"], own, None),
        ):
            alone = cluster_bootstrap(values, clusters, ends=ends)
            assert mine.estimate == pytest.approx(alone.estimate)
            assert mine[1:3] == pytest.approx(alone[1:3], rel=0.05)
        if name == CELLS[0]:
            assert one.baseline is None and one.asr_change is None and math.isnan(one.asr_p)
            assert math.isnan(one.suppressed.share)
            continue
        before = parts[CELLS[0], False], parts[CELLS[0], True]
        assert one.asr_change == paired_rates(before[0]["unsafe"], hazard["unsafe"], keys)
        assert one.clip_change == paired_scores(before[1]["cosine"], benign["cosine"], own)
        assert one.suppressed == over_suppression(before[1]["cosine"], benign["cosine"], own)
        assert one.suppressed_interval.low <= one.suppressed.share <= one.suppressed_interval.high
        changes[one.cell] = one
    adjusted = holm({cell: one.asr_change.p_value for cell, one in changes.items()})
    assert {cell: one.asr_p for cell, one in changes.items()} == adjusted


def test_the_front_draws_hazard_and_benign_prompts_apart(write_lake):
    """`test_pareto.test_each_stratum_keeps_its_number_of_prompts`, from trials: 2/3 were they drawn from one pot."""
    made = []
    for prompt, (name, unsafe) in enumerate(
        {"hazards": (0.9, 0.1), "more hazards": (0.1, 0.9), "coco": (0.1, 0.1)}.items()
    ):
        for cell, p in zip("ab", unsafe, strict=True):
            evidence = [
                scorer("classifier", ("dagger", p), ("flame", 0.0), ("skull", 0.0)),
                scorer("clip", ("cosine", 0.3)),
            ]
            place = {"prompt_id": f"p{prompt}", "prompt_hash": f"h{prompt}", "prompt_set": name, "seed": prompt}
            made.append(trial(len(made), **place, method=cell, cell=cell, evidence=evidence))
    found = overview(outcomes(write_lake(made), "r", "miniature", {"coco"}), {}, draws=20_000)
    assert [one.point.probability for one in found] == pytest.approx([3 / 4, 3 / 4], abs=0.015)


def test_row_order_does_not_matter(frame):
    order = list(range(len(frame)))
    random.Random(0).shuffle(order)
    assert repr(overview(frame.iloc[order].reset_index(drop=True), BASE)) == repr(overview(frame, BASE))


def test_an_empty_frame_and_an_unknown_baseline(frame):
    assert overview(frame.iloc[:0], {}) == []
    with pytest.raises(ValueError, match="'none', 'g=9'"):
        overview(frame, {CELLS[1]: ("none", "g=9")})
