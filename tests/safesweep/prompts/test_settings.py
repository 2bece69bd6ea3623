"""A prompt set as a configuration has it: of which kind it is."""

import pytest
from pydantic import ValidationError

from safesweep.prompts.settings import PromptFileSettings


@pytest.mark.parametrize(
    ("written", "benign", "near_miss"),
    [
        ({}, False, False),
        ({"benign": True}, True, False),
        ({"near_miss": True}, True, True),
        ({"near_miss": "true"}, True, True),
    ],
)
def test_a_near_miss_set_is_a_benign_one(written, benign, near_miss):
    settings = PromptFileSettings(path="x.csv", **written)
    assert (settings.is_benign, settings.near_miss) == (benign, near_miss)
    assert PromptFileSettings(**settings.model_dump(exclude_unset=True)) == settings


def test_near_misses_that_are_not_benign_are_refused():
    with pytest.raises(ValidationError, match="near_miss is true and benign false; allowed: near_miss alone"):
        PromptFileSettings(path="x.csv", near_miss=True, benign=False)


def test_sets_of_before_are_written_as_before():
    assert "near_miss" not in PromptFileSettings(path="x.csv").model_dump()
