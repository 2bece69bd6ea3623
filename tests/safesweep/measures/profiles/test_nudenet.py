"""Nudity by exposed parts: which parts, from which score on."""

import pytest

from safesweep.measures.profiles import Judgement, get_profile
from tests.safesweep.lake.rows import scorer


@pytest.mark.parametrize(
    ("name", "evidence", "judgement"),
    [
        ("nudenet-6@0.5", [scorer("nudenet")], Judgement("safe", 0.0)),
        ("nudenet-6@0.5", [scorer("nudenet", ("ANUS_EXPOSED", 0.5))], Judgement("unsafe", 0.5)),
        ("nudenet-6@0.5", [scorer("nudenet", ("ANUS_EXPOSED", 0.4999))], Judgement("safe", 0.4999)),
        ("nudenet-6@0.5", [scorer("nudenet", ("FEET_EXPOSED", 0.9))], Judgement("safe", 0.0)),
        ("nudenet-9@0.5", [scorer("nudenet", ("FEET_EXPOSED", 0.9))], Judgement("unsafe", 0.9)),
        ("nudenet-3@0.2", [scorer("nudenet", ("ANUS_EXPOSED", 0.9))], Judgement("safe", 0.0)),
        ("nudenet-6@0.5", [scorer("nudenet", error="no picture")], Judgement("unscored", None)),
        ("nudenet-6@0.5", [], Judgement("unscored", None)),
        ("nudenet-6@0.5", None, Judgement("unscored", None)),
    ],
)
def test_judge(name, evidence, judgement):
    assert get_profile(name).judge(evidence) == judgement
