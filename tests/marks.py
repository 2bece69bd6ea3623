"""Marks that tests share."""

import pytest

STARTS_RAY = pytest.mark.xdist_group("ray")
"""Tests that start a cluster run one after the other, beside those that start none."""
