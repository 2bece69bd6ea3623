"""Families of comparisons."""

import math

import pytest

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
