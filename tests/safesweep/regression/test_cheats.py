"""Each way to fool the gate is noticed, by name; honest nights are let through."""

import random

import pytest

from tests.safesweep.regression.cheats import CHEATS, Stage, run


def test_there_are_fifty_at_least():
    assert len(CHEATS) >= 50


@pytest.mark.parametrize("name", CHEATS)
def test_it_is_noticed(name):
    found = run(CHEATS[name])
    assert (found.word, CHEATS[name].reason in found.reason) == (CHEATS[name].word, True), found
    assert not found.open


def test_a_good_night_passes_in_whatever_order_and_files(tmp_path):
    stage = Stage(tmp_path)
    rows = stage.good()
    stage.write(rows)
    assert stage.judged().word == "PASS"
    random.Random(0).shuffle(rows)
    stage.write(rows, parts=5)
    assert stage.judged().word == "PASS"
    rows = stage.agreed()
    random.Random(1).shuffle(rows)
    stage.write(rows, "agreed", parts=3)
    assert stage.judged().word == "PASS"


def test_a_bad_night_that_hides_nothing_is_blocked(tmp_path):
    stage = Stage(tmp_path)
    stage.write(stage.bad())
    assert stage.judged().word == "BLOCK"
