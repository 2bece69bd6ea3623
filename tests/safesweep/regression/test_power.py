"""The gate's false alarms and power, in short; benchmarks/gate.py has them at length."""

from benchmarks.gate import check_rule, equal_systems, nights_at, power, sequences


def test_equal_systems_are_not_blocked_and_large_ones_pass():
    assert equal_systems(15, 100, 0.05)["BLOCK"] == 0
    assert equal_systems(5, 400, 0.10)["PASS"] == 5


def test_ten_points_are_found_in_four_hundred_prompts():
    found = power(150)
    assert found["400"]["10"] > 0.85 and found["400"]["15"] == found["4703"]["10"] == 1.0
    assert found["100"]["5"] < found["100"]["10"] < found["100"]["15"]
    check_rule(2)


def test_a_point_a_night_is_blocked_within_fifteen_nights_pinned_or_not():
    for pinned in (True, False):
        assert nights_at(sequences(20, 1.0, pinned=pinned), 0.95) <= 15
    assert sequences(10, 0.0, pinned=False) == [None] * 10
