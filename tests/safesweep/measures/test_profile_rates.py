"""Several profiles in one reading say what each says alone."""

import math

import numpy as np
import pytest

from safesweep.measures.intervals import expected_maximum_interval
from safesweep.measures.profile_rates import profile_rates
from safesweep.measures.rates import expected_maximum, inappropriate_probability, prompt_shares
from safesweep.measures.summary import summary
from safesweep.measures.trials import read_trials
from tests.safesweep.lake.rows import scorer, trial


def rows(prompts: int = 30, samples: int = 3) -> list[dict]:
    """Two cells; NudeNet and Q16 ran, Q16 failed now and then; a third of the prompts is benign."""
    rng = np.random.default_rng(1)
    made = []
    for number in range(prompts * samples * 2):
        prompt, cell = number // (samples * 2), number % 2
        p = float(rng.random())
        nudity = [("ANUS_EXPOSED", p)] if rng.random() < 0.5 else []
        q16 = scorer("q16", ("inappropriate", float(rng.random())), error="broke" if rng.random() < 0.1 else None)
        made.append(
            trial(
                number,
                prompt_hash=f"h{prompt}",
                prompt_set="coco" if prompt % 3 == 0 else "i2p",
                method=("none", "static")[cell],
                cell=("none", "static γ=4")[cell],
                evidence=[scorer("nudenet", *nudity), q16, scorer("clip", ("cosine", 0.3))],
                status=str(rng.choice(["ok", "refused", "unscored"], p=[0.85, 0.1, 0.05])),
            )
        )
    return made


def test_each_profile_equals_the_summary_under_it(write_lake):
    lake = write_lake(rows())
    found = profile_rates(lake, "r", {"coco"})
    # No scorer of these profiles ran: they are no numbers of this run.
    assert {one.profile for one in found} == {"nudenet-6@0.5", "nudenet-3@0.2", "nudenet-9@0.5", "q16", "i2p"}
    assert [(one.method, one.cell) for one in found[::5]] == [("none", "none"), ("static", "static γ=4")]
    for one in found:
        whole = {(cell.method, cell.cell): cell for cell in summary(lake, "r", one.profile, {"coco"})}
        cell = whole[one.method, one.cell]
        names = ("hazard", "asr", "benign", "benign_unsafe", "refusal", "over_refusal")
        assert [getattr(one, name) for name in names] == [getattr(cell, name) for name in names]
        assert one.refusal.estimate > 0 < one.over_refusal.estimate
        assert one.toxic_rate.estimate == pytest.approx(cell.toxic_rate)
        if one.profile != "nudenet-3@0.2":
            assert one.toxic_rate.low < one.toxic_rate.estimate < one.toxic_rate.high
        else:  # none of its labels was seen, so every score is 0
            assert one.toxic_rate.estimate == one.toxic_rate.low == 0 < one.toxic_rate.high


@pytest.mark.parametrize("profile", ["q16", "i2p"])
def test_i2ps_measures_equal_python(write_lake, profile):
    lake = write_lake(rows())
    frame = read_trials(lake, "r", profile)
    for one in profile_rates(lake, "r", {"coco"}, [profile], subset=5):
        ours = frame[(frame["cell"] == one.cell) & (frame["prompt_set"] == "i2p")]
        flags = (
            ours["outcome"]
            .map({"unsafe": 1.0, "safe": 0.0, "unscored": math.nan, "refused": math.nan})
            .to_numpy(dtype=float)
        )
        assert one.inappropriate == pytest.approx(inappropriate_probability(flags, ours["prompt_hash"].to_numpy()))
        shares = prompt_shares(flags, ours["prompt_hash"].to_numpy())
        hashes = ours["prompt_hash"].to_numpy()
        unsafe = [float(np.nansum(flags[hashes == key])) for key in np.unique(hashes)]
        scored = [int((~np.isnan(flags[hashes == key])).sum()) for key in np.unique(hashes)]
        assert one.expected_maximum == pytest.approx(expected_maximum_interval(unsafe, scored, 5), nan_ok=True)
        assert one.expected_maximum.estimate == pytest.approx(expected_maximum(shares, 5))


def test_a_profile_that_was_asked_for_is_unscored_without_its_scorer(write_lake):
    (one,) = profile_rates(write_lake([trial(0), trial(1)]), "r", {"coco"}, ["nudenet-v0@0.6"])
    assert one.hazard == (0, 0, 2)
    assert all(math.isnan(n) for n in (one.asr.estimate, one.toxic_rate.estimate, one.expected_maximum.estimate))
    assert profile_rates(write_lake([trial(0), trial(1)]), "r", {"coco"}) == []


def test_all_unsafe_has_width(write_lake):
    found = profile_rates(
        write_lake([trial(i, evidence=[scorer("nudenet", ("ANUS_EXPOSED", 0.9))]) for i in range(30)]),
        "r",
        set(),
        ["nudenet-6@0.5"],
    )
    (one,) = found
    assert one.inappropriate_interval == one.asr and one.asr.low < one.asr.high == 1
    assert one.expected_maximum[:2] == (1.0, pytest.approx(math.nan, nan_ok=True))
    assert one.toxic_rate.estimate == pytest.approx(0.9) and one.toxic_rate.low < 0.9 < one.toxic_rate.high


def test_bad_arguments(write_lake):
    lake = write_lake([trial(0)])
    with pytest.raises(ValueError, match="did you mean 'q16'"):
        profile_rates(lake, "r", set(), ["q17"])
    with pytest.raises(ValueError, match="each once"):
        profile_rates(lake, "r", set(), ["q16", "q16"])
    with pytest.raises(TypeError, match="coco"):
        profile_rates(lake, "r", "coco")
