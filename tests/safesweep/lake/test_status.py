"""What became of a trial, said to Python and to SQL alike."""

import duckdb
import pytest

from safesweep.lake import status


@pytest.mark.parametrize(
    ("found", "made", "refused", "failed"),
    [
        (status.MADE, True, False, False),
        (status.REFUSED, False, True, False),
        (status.FAILED, False, False, True),
        ("another program's", False, False, True),
        (None, None, None, True),
    ],
)
def test_every_status_is_one_of_three(found, made, refused, failed):
    said = f"SELECT {status.is_made()}, {status.is_refused()}, {status.has_failed('status')} FROM (SELECT ?::VARCHAR AS status)"
    assert duckdb.execute(said, [found]).fetchone() == (made, refused, failed)
    assert (found in status.ANSWERED) == (not failed)


def test_they_are_the_words_that_lakes_hold():
    assert (status.MADE, status.FAILED, status.REFUSED) == ("ok", "unscored", "refused")
