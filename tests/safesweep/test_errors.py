"""What a user is told."""

import pytest

from safesweep.errors import InputError, did_you_mean


def test_a_message_is_one_line():
    assert str(InputError("a file\n  of  two\tlines ")) == "a file of two lines"
    assert issubclass(InputError, ValueError)


@pytest.mark.parametrize(
    ("found", "allowed", "words"),
    [
        ("brigthness", ["clip", "brightness"], "; did you mean 'brightness'?"),
        (" CLIP ", ["clip", "Q16"], "; did you mean 'clip'?"),
        ("q61", ["clip", "Q16"], "; did you mean 'Q16'?"),
        ("nothing like it", ["clip"], ""),
        (["zzz", "promt"], ["prompt", "seed"], "; did you mean 'prompt'?"),
        ("x", [], ""),
    ],
)
def test_the_nearest_is_named_as_it_is_written(found, allowed, words):
    assert did_you_mean(found, allowed) == words
