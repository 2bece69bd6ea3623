"""What all operators hold to."""

import asyncio
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safesweep.attacks.base import Candidate, draw
from safesweep.attacks.operators import OPERATORS, Materials
from safesweep.attacks.operators.base import NoRewriteError

TEXTS = st.text(string.ascii_letters + "  ", max_size=40)
LOCAL = [name for name in OPERATORS if not OPERATORS[name].asks]


@pytest.mark.parametrize("name", LOCAL)
@settings(max_examples=40, deadline=None)
@given(one=TEXTS, other=TEXTS, key=st.integers())
def test_equal_draws_make_equal_candidates_within_the_bounds(name, one, other, key):
    operator = OPERATORS[name](Materials(("new",), most_words=8))

    def made() -> Candidate | None:
        try:
            return asyncio.run(operator.rewrite(draw(key), Candidate(one, 1), Candidate(other, 2)))
        except NoRewriteError:
            return None

    first = made()
    assert first == made()
    if first is not None and name != "seed":
        assert 1 <= len(first.text.split()) <= 8
        assert set(first.text.split()) <= {*one.split(), *other.split(), "new"}
