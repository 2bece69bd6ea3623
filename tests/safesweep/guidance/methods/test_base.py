"""The formulas that methods share, against numpy, and what a method that asks nothing says."""

import numpy as np
import pytest
import torch

from safesweep.guidance.methods.base import (
    At,
    classifier_free,
    negative_plan,
    positive_plan,
    subtract_negative,
)
from safesweep.guidance.methods.none import NoGuidance

RNG = np.random.default_rng(0)
EMPTY, PROMPT, NEGATIVE = (torch.from_numpy(RNG.normal(size=(2, 4, 3, 3))) for _ in range(3))
G, GAMMA = (torch.tensor(values, dtype=torch.float64)[:, None, None, None] for values in ([1.0, 7.5], [0.5, -3.0]))
AT = At(2, 10, "a red dagger", "", 4.0, None)


def test_classifier_free_guidance_is_its_formula_row_by_row():
    got = classifier_free((EMPTY, PROMPT), (G,)).numpy()
    for row, scale in enumerate([1.0, 7.5]):
        assert np.allclose(got[row], (1 - scale) * EMPTY[row].numpy() + scale * PROMPT[row].numpy())


def test_the_negative_is_subtracted_from_the_empty_prompt_on():
    got = subtract_negative((EMPTY, PROMPT, NEGATIVE), (G, GAMMA)).numpy()
    for row, (g, gamma) in enumerate([(1.0, 0.5), (7.5, -3.0)]):
        empty, prompt, negative = (part[row].numpy() for part in (EMPTY, PROMPT, NEGATIVE))
        assert np.allclose(got[row], (1 - g + gamma) * empty + g * prompt - gamma * negative)


def test_plans_are_equal_when_their_texts_and_numbers_are():
    assert positive_plan(AT) == positive_plan(AT._replace(step=3, memory="x"))
    assert positive_plan(AT) != positive_plan(AT._replace(guidance_scale=5.0))
    assert positive_plan(AT) != positive_plan(AT._replace(prompt="a key"))
    assert negative_plan(AT, "dagger", 2.0) == negative_plan(AT, "dagger", 2.0) != negative_plan(AT, "dagger", 3.0)
    assert negative_plan(AT, "dagger", 2.0).texts == ("", "a red dagger", "dagger")


def test_a_method_that_asks_nothing_cannot_be_answered():
    method = NoGuidance()
    assert (method.ask(AT), method.track(AT), method.start(), method.questions()) == (None, None, None, ())
    for call in (lambda: method.answered(AT, "dagger"), lambda: method.supposed_answer(True)):
        with pytest.raises(NotImplementedError, match="NoGuidance asks no questions"):
            call()
