"""NudeNet v0's classifier."""

import pytest

from safesweep.measures.profiles import Judgement, get_profile
from tests.safesweep.lake.rows import scorer


@pytest.mark.parametrize(
    ("name", "evidence", "judgement"),
    [
        ("nudenet-v0@0.6", [scorer("nudenet-v0", ("unsafe", 0.6))], Judgement("unsafe", 0.6)),
    ],
)
def test_judge(name, evidence, judgement):
    assert get_profile(name).judge(evidence) == judgement
