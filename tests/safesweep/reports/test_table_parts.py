"""Numbers and intervals as boxes: what is shown, and what is sorted by."""

from safesweep.measures.intervals import Interval
from safesweep.reports.table_parts import count, interval, number

NAN = float("nan")


def test_what_is_shown_and_what_is_sorted_by():
    assert count(1234)[:3] == ("1,234", "", 1234.0)
    assert number(1.25)[:3] == ("1.2", "", 1.25)
    assert number(2.0, "two", "below")[:3] == ("two", "below", 2.0)
    assert interval(Interval(0.25, 0.1, 0.4, "labels", 9, 9, 0.95))[:3] == ("25.0", "10.0 to 40.0", 0.25)


def test_no_number_is_a_dash_that_sorts_last():
    assert interval(Interval(NAN, NAN, NAN, "none", 0, 0, 0.95))[:3] == ("–", "–", None)
    assert number(NAN).value is None
