"""Marks that tests share; ``make quick`` leaves both out."""

import pytest

STARTS_RAY = pytest.mark.ray
"""Tests that start a cluster run one after the other, beside those that start none."""
SLOW = pytest.mark.slow
"""A training, a full-size model, a browser: over some five seconds."""
