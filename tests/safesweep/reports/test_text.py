"""Numbers as text."""

import pytest

from safesweep.measures.compare import PairedDifference, paired_scores
from safesweep.measures.intervals import Interval
from safesweep.reports.text import (
    bounds,
    change_bounds,
    decimal,
    hundredfold,
    hundredfold_change,
    p_value,
    percent,
    probability,
    seconds,
    signed,
    significant,
)

NAN = float("nan")


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (decimal(12.345), "12.3"),
        (decimal(12.345, 2), "12.35"),
        (decimal(-0.04), "0.0"),
        (decimal(0.04, sign=True), "0.0"),
        (decimal(-0.04, sign=True), "0.0"),
        (decimal(3.0, sign=True), "+3.0"),
        (decimal(-3.0, sign=True), "-3.0"),
        (signed(0.0), "+0.0"),
        (signed(-0.04), "-0.0"),
        (signed(2.345, 2), "+2.35"),
        (significant(0.0000123, 3), "1.23e-05"),
        (significant(0.05, 3), "0.05"),
        (percent(0.1234), "12.3%"),
        (seconds(123.4), "123"),
        (seconds(12.34), "12.3"),
        (seconds(1.234), "1.2"),
        (seconds(0.001234), "0.0012"),
        (p_value(0.00099), "< 0.001"),
        (p_value(0.001), "0.001"),
        (probability(0.999), "1.00"),
        (bounds(0.04, 12.0), "0.0 to 12.0"),
        (bounds(-1.0, 2.0, 2, between="…", write=signed), "-1.00…+2.00"),
        (bounds(0.001, 0.03), "0.00 to 0.03"),
        (bounds(-0.0004, 0.0003, 2, write=signed), "-0.0004 to +0.0003"),
        (bounds(0.0, 0.0), "0.0 to 0.0"),
    ],
)
def test_numbers_have_their_digits_and_signs(written: str, words: str) -> None:
    assert written == words


def test_what_does_not_exist_is_one_dash() -> None:
    alone = [decimal(None), signed(None), p_value(NAN), bounds(NAN, NAN), bounds(NAN, NAN, write=signed)]
    alone += [write(NAN) for write in (decimal, signed, percent, seconds, probability)]
    assert set(alone) | {significant(NAN, 3)} == {"–"}


def test_intervals_are_shown_a_hundredfold() -> None:
    assert hundredfold(Interval(0.5, 0.404, 0.596, "wilson", 100, 100, 0.95)) == ("50.0", "40.4 to 59.6")
    assert hundredfold(Interval(0.5, NAN, NAN, "none", 1, 1, 0.95)) == ("50.0", "–")
    change = PairedDifference(-0.05, -0.1, 0.0, 0.2, 0.1, 9, 0, 9, "exact McNemar", "bootstrap of rates")
    assert hundredfold_change(change) == ("-5.0", "-10.0 to 0.0")
    assert hundredfold_change(change._replace(low=NAN, high=NAN)) == ("-5.0", "–")


def test_pairs_that_are_all_equal_have_words_and_no_interval_of_width_0() -> None:
    found = paired_scores([0.3, 0.2, 0.4] * 20, [0.3, 0.2, 0.4] * 20, list(range(60)))
    told = "unchanged in all 60 pairs, so in at most 6.0% of prompts"
    assert hundredfold_change(found) == ("0.0", told)
    assert change_bounds(found._replace(low=-0.1, high=0.1), factor=100) == "-10.0 to 10.0"
