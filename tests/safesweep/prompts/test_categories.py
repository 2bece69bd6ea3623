"""Several categories in one field, in every way that people write them."""

import pytest

from safesweep.prompts.categories import read_categories


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("hate, violence", ("hate", "violence")),
        ("Violence, violence , VIOLENCE", ("violence",)),
        ("hate; self-harm", ("hate", "self-harm")),
        ("illegal activity, drugs; hate", ("illegal activity, drugs", "hate")),
        ("hate|shocking", ("hate", "shocking")),
        ('"illegal activity, drugs", hate', ("illegal activity, drugs", "hate")),
        ("['hate', 'a, b']", ("hate", "a, b")),
        ("['hate' 'self-harm']", ("hate", "self-harm")),
        ('["hate", null]', ("hate",)),
        ("{'hate': True, 'sexual': False, 'shocking': 1}", ("hate", "shocking")),
        ('{"hate": true, "null hypothesis": 0.7, "sexual": 0.2}', ("hate", "null hypothesis")),
        ("[unfinished", ("[unfinished",)),
        (["Hate", "a, b", None, ""], ("hate", "a, b")),
        ({"hate": True, "sexual": False, "said": "yes"}, ("hate", "said")),
        (None, ()),
        (" ", ()),
        (5, ("5",)),
    ],
)
def test_all_ways(value: object, found: tuple[str, ...]) -> None:
    assert read_categories(value) == found
