"""The split depends on a prompt's text and the salt, and on nothing else."""

import hashlib

import pytest

from pipelines.sweep.config import SplitSettings
from pipelines.sweep.split import check_split, is_validation
from safesweep.errors import InputError

FIXED = "0000100110010010"
HASHES = [hashlib.sha256(f"a red circle {number}".encode()).hexdigest() for number in range(4000)]


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_the_share_is_kept(share):
    split = SplitSettings(validation=share)
    assert sum(is_validation(text, split) for text in HASHES) / len(HASHES) == pytest.approx(share, abs=0.03)


def test_it_is_fixed():
    split = SplitSettings(validation=0.5)
    # Written down once: a change would move prompts from one side to the other in sweeps that exist.
    assert "".join(str(int(is_validation(text, split))) for text in HASHES[:16]) == FIXED
    other = SplitSettings(validation=0.5, salt="x")
    moved = sum(is_validation(text, split) != is_validation(text, other) for text in HASHES)
    assert moved / len(HASHES) == pytest.approx(0.5, abs=0.03)


def test_a_larger_share_keeps_what_was_there():
    small, large = SplitSettings(validation=0.3), SplitSettings(validation=0.6)
    assert all(is_validation(text, large) for text in HASHES if is_validation(text, small))


def test_both_sides_need_both_kinds():
    split = SplitSettings(validation=0.5)
    prompts = [(text, number % 2 == 0) for number, text in enumerate(HASHES[:40])]
    check_split(prompts, split)
    with pytest.raises(InputError, match="none of the 0 benign prompts falls into the held-out part"):
        check_split([(text, False) for text in HASHES[:40]], split)
    check_split([(HASHES[0], False)], SplitSettings(validation=0))
