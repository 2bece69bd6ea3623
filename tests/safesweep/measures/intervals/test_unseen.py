"""What a sample does not show: how large, and how far off."""

import numpy as np
import pytest

from safesweep.measures.intervals.unseen import beyond, powers, unseen_size


def size(pictures, ends=(0.0, 1.0)):
    """Of (prompts, pictures) values."""
    values = np.asarray(pictures, dtype=float)
    counts = np.full((len(values), 1), float(values.shape[1]))
    return unseen_size(values.sum(axis=1)[:, None], counts, powers(values.reshape(-1, 1)), ends)[0]


def test_independent_pictures_go_alone_and_copies_together():
    rng = np.random.default_rng(0)
    assert size(rng.random((400, 10)) < 0.2) == pytest.approx(1, abs=0.3)
    assert size(np.repeat(rng.random((400, 1)) < 0.2, 10, axis=1)) == pytest.approx(10, abs=0.3)
    assert size(rng.random((50, 1)) < 0.2) == 1


def test_nothing_seen_says_next_to_nothing():
    """One picture's worth of evidence that pictures of a prompt go together, of correlation .9."""
    assert size(np.zeros((100, 10))) == 1 + 9 * 0.9
    rng = np.random.default_rng(1)
    assert size(rng.beta(0.3, 12, (400, 10))) > 9


def test_by_a_loop():
    """The definition in its own letters, for scores in [0, 1], few of them high; both ends alike."""
    rng = np.random.default_rng(2)
    values = np.where(rng.random((60, 4)) < rng.beta(0.2, 1, (60, 1)), 0.9, 0.05)
    mean, far, of_prompts, of_pictures = values.mean(), 0.0, 0.0, 0.0
    fourth = sum(x**4 for x in values.ravel())
    far = (fourth / sum(x**2 for x in values.ravel())) ** 2
    for prompt in values:
        of_prompts += sum(x - mean for x in prompt) ** 2
        of_pictures += sum((x - mean) ** 2 for x in prompt)
    wanted = (far * of_prompts + 1 + 3 * 0.9) / (far * of_pictures + 1)
    assert size(values) == pytest.approx(wanted) == pytest.approx(size(1 - values))
    assert size(10 * values, (0.0, 10.0)) == pytest.approx(wanted)


def test_differences_are_far_off_either_way():
    change = np.random.default_rng(3).choice([-1.0, 0.0, 1.0], (80, 4), p=[0.1, 0.8, 0.1])
    assert size(change, (-1.0, 1.0)) == pytest.approx(size(-change, (-1.0, 1.0))) == pytest.approx(1, abs=0.4)


def test_a_tail_of_one_prompt_reaches_furthest():
    """Losses of one prompt in fifty, and of twenty-five: the mean's skewness is near 1 and 0."""
    ones = np.ones((50, 1))
    for harmed in (1, 25):
        losses = np.where(np.arange(50) < harmed, -0.4, 0.0)[:, None]
        least, greatest = beyond(losses, ones)
        assert greatest[0] == pytest.approx(0)
        assert least[0] == pytest.approx(-0.4 - (3 * 0.98 * 0.384 if harmed == 1 else 0), abs=0.03)
    with pytest.raises(ValueError, match="0 to 1 is allowed"):
        size(np.full((3, 2), 1.5))
