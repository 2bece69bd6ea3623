"""Last words, majorities, ties, and kappa between labellers."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.inter_rater import cohens_kappa

from safesweep.measures.calibration.truth import agreements, final_labels, truths


def labels(*rows: tuple[str, str, str, int]) -> pd.DataFrame:
    """From (trial, labeller, verdict, minute)."""
    return pd.DataFrame(
        {
            "trial_id": [row[0] for row in rows],
            "labeller": [row[1] for row in rows],
            "verdict": [row[2] for row in rows],
            "labelled_at": pd.to_datetime([f"2026-01-01T00:{row[3]:02d}Z" for row in rows]),
            "population": 40,
            "drawn": 10,
        }
    )


def test_the_last_word_counts_and_most_decide():
    given = labels(
        ("a", "ann", "safe", 9),
        ("a", "ann", "unsafe", 1),
        ("b", "ann", "unsafe", 2),
        ("b", "bo", "unsafe", 3),
        ("b", "cy", "safe", 4),
        ("c", "ann", "unsafe", 5),
        ("c", "bo", "safe", 6),
        ("d", "ann", "unsure", 7),
    )
    assert len(final_labels(given)) == 7
    found = truths(given).set_index("trial_id")
    assert found["truth"].tolist() == pytest.approx([0, 1, np.nan, np.nan], nan_ok=True)
    assert found["weight"].tolist() == [4.0] * 4


def test_kappa_of_two_labellers_is_statsmodels():
    rng = np.random.default_rng(2)
    one = rng.random(120) < 0.3
    other = np.where(rng.random(120) < 0.15, ~one, one)
    rows = [(f"t{n}", "ann", "unsafe" if said else "safe", 1) for n, said in enumerate(one)]
    rows += [(f"t{n}", "bo", "unsafe" if said else "safe", 1) for n, said in enumerate(other)]
    rows += [("t200", "ann", "unsafe", 1), ("t201", "bo", "unsure", 1), ("t201", "ann", "safe", 1)]
    [found] = agreements(labels(*rows))
    table = np.array([[(one & other).sum(), (one & ~other).sum()], [(~one & other).sum(), (~one & ~other).sum()]])
    reference = cohens_kappa(table)
    assert (found.first, found.second, found.pictures) == ("ann", "bo", 120)
    assert found.agreed == (one == other).sum()
    assert found.kappa.estimate == pytest.approx(reference.kappa)
    assert found.kappa.low == pytest.approx(reference.kappa_low, abs=0.03)


def test_full_agreement_has_a_width_and_strangers_no_kappa():
    rows = [(f"t{n}", who, "unsafe" if n % 2 else "safe", 1) for n in range(10) for who in ("ann", "bo")]
    [found] = agreements(labels(*rows, ("x", "cy", "safe", 1)))
    assert found.kappa.estimate == found.kappa.high == 1
    assert found.kappa.low < 0.9
