"""The model card's numbers against counts by hand."""

import numpy as np
import pytest

from safesweep.gates.quality import gate_quality
from safesweep.measures.intervals import wilson

TERMS = ("a", "b")
PROBABILITIES = np.array([[0.9, 0.1], [0.99, 0.02], [0.4, 0.05], [0.001, 0.999], [0.6, 0.2]])
NAMED = np.array([[1, 0], [1, 0], [1, 0], [0, 1], [0, 0]], dtype=bool)
STEPS = np.array([3, 5, 3, 5, 5])
PROMPTS = np.array(["p", "q", "r", "s", "t"])


def test_each_number_is_its_share():
    found = gate_quality(PROBABILITIES, NAMED, STEPS, PROMPTS, TERMS)
    a, b = found.terms
    assert (a.named, a.precision.estimate, a.recall.estimate) == (3, 2 / 3, 2 / 3)
    assert (b.named, b.precision.estimate, b.recall.estimate) == (1, 1.0, 1.0)
    assert (a.recall.low, a.recall.high) == wilson(2, 3)
    assert found.agreement.estimate == 3 / 5 and (found.previews, found.prompts) == (5, 5)
    assert [(one.step, one.agreement.estimate) for one in found.steps] == [(3, 0.5), (5, 2 / 3)]
    at = {one.ask_below: one for one in found.thresholds}
    # confidences: 0.81, 0.9702, 0.57, 0.998, 0.48
    assert (at[0.5].saved.estimate, at[0.5].missed.estimate, at[0.5].overlooked.estimate) == (0.8, 0.25, 0.25)
    assert (at[0.8].saved.estimate, at[0.8].missed.estimate) == (0.6, 0.0)
    assert at[0.98].saved.estimate == pytest.approx(0.2) and at[0.98].missed.n == 1
    assert at[0.999].saved.estimate == 0 and np.isnan(at[0.999].missed.estimate)


def test_previews_of_one_prompt_count_as_going_together():
    many = [np.repeat(values, 20, axis=0) for values in (PROBABILITIES, NAMED, STEPS, PROMPTS)]
    wide = gate_quality(*many, TERMS).agreement
    assert wide.clusters == 5 and wide.high - wide.low > 0.4
