"""The name of a repeat."""

import hashlib

from safesweep.lake.repeats import repeat_id


def test_it_is_made_of_the_picture_and_the_place_and_as_long_as_an_id():
    first = "0" * 32
    wanted = hashlib.sha256(f'["{first}", "mine", "mine.csv", 7, 0]'.encode()).hexdigest()[:32]
    assert repeat_id(first, ("mine", "mine.csv", 7, 0)) == wanted
    others = [("mine", "mine.csv", 7, 1), ("mine", "mine.csv", 8, 0), ("mine", "b.csv", 7, 0), ("b", "mine.csv", 7, 0)]
    assert len({wanted, *(repeat_id(first, line) for line in others), repeat_id("1" * 32, others[0])}) == 6
