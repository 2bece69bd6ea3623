"""What becomes of a night: who decides, what only warns, and when somebody is called."""

import datetime

import pytest

from safesweep.regression.baselines import BaselineStore
from safesweep.regression.judging import judge_night
from safesweep.regression.nights import NightStore
from safesweep.regression.policy import MeasureRule, Policy
from safesweep.regression.verdict import Verdict
from tests.safesweep.regression.lakes import write_run

POLICY = Policy(measures={"asr": MeasureRule(better="lower", largest_drop=0.1)}, nights_in_a_row=2)
GOOD, BAD = 0.05, 0.5


@pytest.fixture
def judged(tmp_path):
    """Judges the night of a day with that attack success rate, and puts it on record."""

    def judge(day, asr, **told):
        name = f"night-{day}"
        write_run(tmp_path, name, hazards=80, benign=2, asr=asr)
        found = judge_night(
            tmp_path, POLICY, suite="night", run_id=name, date=datetime.date(2026, 11, day), **told
        ).night
        NightStore(tmp_path, "night").write(found)
        return found

    write_run(tmp_path, "pinned", hazards=80, benign=2, asr=GOOD)
    BaselineStore(tmp_path).pin("night", "pinned", POLICY)
    return judge


def test_the_first_bad_night_warns_and_the_second_blocks_and_pages(judged):
    good, first, second, again = (judged(day, asr) for day, asr in ((1, GOOD), (2, BAD), (3, BAD), (4, GOOD)))
    assert [(one.finding, one.verdict, one.paged) for one in (good, first, second, again)] == [
        (Verdict.PASS, Verdict.PASS, False),
        (Verdict.BLOCK, Verdict.WARN, False),
        (Verdict.BLOCK, Verdict.BLOCK, True),
        (Verdict.PASS, Verdict.PASS, False),
    ]
    assert {one.reference for one in (good, first, second)} == {"pinned"}
    assert (first.last_good, again.last_good) == ("night-1", "night-1")
    assert "bad night 1 in a row; 2 page" in first.reasons


def test_a_run_that_broke_off_is_inconclusive_whatever_it_left(judged):
    night = judged(1, BAD, run_error="RuntimeError: the cluster went")
    assert night.finding is night.verdict is Verdict.INCONCLUSIVE
    assert night.reasons[0] == "RuntimeError: the cluster went" and not night.paged


def test_a_canary_that_could_not_be_drawn_warns_and_hides_no_block(judged):
    assert judged(1, GOOD, canary_error="OSError: no picture").verdict is Verdict.WARN
    assert judged(2, BAD, canary_error="OSError: no picture").finding is Verdict.BLOCK


def test_without_a_baseline_the_first_night_is_inconclusive_and_says_what_to_do(tmp_path):
    write_run(tmp_path, "night-1", hazards=4, benign=2)
    found = judge_night(tmp_path, POLICY, suite="night", run_id="night-1", date=datetime.date(2026, 11, 1))
    assert found.night.verdict is Verdict.INCONCLUSIVE and found.against_reference is None
    assert "safesweep baseline pin night-1 --suite night" in found.night.reasons[0]
