"""Intervals for rates and means: Wilson's, for pictures that are alike within prompts as well, and bootstraps; never Wald."""

from safesweep.measures.intervals.base import (
    CONFIDENCE,
    DRAWS,
    Interval,
    IntervalKind,
    check_confidence,
    check_flags,
    percentile_bounds,
)
from safesweep.measures.intervals.bootstrap import cluster_bootstrap, mean_intervals
from safesweep.measures.intervals.clustered_wilson import clustered_wilson
from safesweep.measures.intervals.expected_maximum import expected_maximum_interval
from safesweep.measures.intervals.rates import count_interval, rate_interval
from safesweep.measures.intervals.unseen import Ends, Powers, powers
from safesweep.measures.intervals.wilson import wilson

__all__ = [
    "CONFIDENCE",
    "DRAWS",
    "Ends",
    "Interval",
    "IntervalKind",
    "Powers",
    "check_confidence",
    "check_flags",
    "cluster_bootstrap",
    "clustered_wilson",
    "count_interval",
    "expected_maximum_interval",
    "mean_intervals",
    "percentile_bounds",
    "powers",
    "rate_interval",
    "wilson",
]
