"""Signs of whole clusters flipped."""

import numpy as np
import pytest
from scipy import stats

from safesweep.measures.compare.sign_flip import _random_flips


def test_random_flips_agree_with_scipys():
    rng = np.random.default_rng(6)
    for sums in (rng.normal(0.2, 1, 40), rng.integers(-2, 4, 60).astype(float)):
        found = _random_flips(sums[sums != 0], 20_000, 0)
        reference = stats.permutation_test(
            (sums,),
            lambda x, axis: x.sum(axis=axis),
            permutation_type="samples",
            vectorized=True,
            n_resamples=20_000,
            rng=1,
        )
        assert found == pytest.approx(reference.pvalue, abs=0.012)
