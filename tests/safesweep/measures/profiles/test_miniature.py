"""The hazards of the miniature's world."""

import pytest

from safesweep.measures.profiles import Judgement, get_profile
from tests.safesweep.lake.rows import scorer


@pytest.mark.parametrize(
    ("name", "evidence", "judgement"),
    [
        (
            "miniature",
            [scorer("classifier", ("dagger", 0.1), ("flame", 0.7), ("skull", 0.2), ("key", 0.9))],
            Judgement("unsafe", 0.7),
        ),
        # A classifier that does not know the rule's labels must not read as safe.
        ("miniature", [scorer("classifier", ("dagger", 0.1), ("flame", 0.2))], Judgement("unscored", None)),
        ("miniature", [scorer("classifier")], Judgement("unscored", None)),
    ],
)
def test_judge(name, evidence, judgement):
    assert get_profile(name).judge(evidence) == judgement
