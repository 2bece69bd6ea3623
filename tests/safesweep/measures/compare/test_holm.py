"""Families of comparisons. Reference: statsmodels."""

import gc
import math

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from safesweep.measures import compare

NAN = math.nan


def test_holm_by_hand():
    """Holm 1979: sorted p times (m, m-1, ...), made monotone."""
    found = compare.holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005, "none": NAN})
    assert found == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06, "d": 0.02, "none": NAN}, nan_ok=True)
    assert list(found) == ["a", "b", "c", "d", "none"]
    assert compare.holm({}) == {}
    with pytest.raises(ValueError, match=r"p-value of 'a' is 1\.5"):
        compare.holm({"a": 1.5})


@pytest.mark.parametrize("size", [1, 2, 7, 40])
def test_it_is_statsmodels(size, monkeypatch):
    monkeypatch.setattr(
        gc, "collect", lambda: 0
    )  # which multipletests does at every call, over all that pytest has loaded
    rng = np.random.default_rng(size)
    for p in (rng.uniform(size=size), rng.uniform(size=size) ** 6, np.round(rng.uniform(size=size), 1), np.zeros(size)):
        found = compare.holm({f"t{place}": value for place, value in enumerate(p.tolist())})
        np.testing.assert_allclose(list(found.values()), multipletests(p, method="holm")[1], rtol=0, atol=1e-15)
