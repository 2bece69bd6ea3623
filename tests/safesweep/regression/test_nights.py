"""Nights on record, and their names."""

import datetime
import json

import pytest

from safesweep.errors import InputError
from safesweep.regression.nights import NightStore, bad_nights_in_a_row, name_night
from safesweep.regression.verdict import Verdict
from tests.safesweep.regression.made_nights import night

DATE = datetime.date(2026, 11, 22)


def submitted(name):
    return {"RAY_JOB_CONFIG_JSON_ENV_VAR": json.dumps({"metadata": {"job_submission_id": name}})}


@pytest.mark.parametrize(
    ("date", "environment", "name"),
    [
        (DATE, {}, "nightly-2026-11-22"),
        (None, submitted("nightly-2026-11-22"), "nightly-2026-11-22"),
        (DATE, submitted("nightly-2026-11-22-again"), "nightly-2026-11-22-again"),
    ],
)
def test_a_night_is_named_by_suite_and_date_or_by_its_submission(date, environment, name):
    assert name_night("nightly", date, environment) == (name, DATE)


@pytest.mark.parametrize("name", ["raysubmit_abc", "nightly-2026-11-21", "other-2026-11-22", "nightly-2026-11-22/x"])
def test_a_submission_id_that_locks_nothing_is_refused(name):
    with pytest.raises(InputError, match="--submission-id nightly-2026-11-22"):
        name_night("nightly", DATE, submitted(name))


def test_bad_nights_count_back_from_tonight():
    short, fine = night(1, 0.5, Verdict.BLOCK), night(2, 0.1, Verdict.PASS)
    unsure = night(3, 0.1, Verdict.INCONCLUSIVE)
    assert bad_nights_in_a_row([short, fine], Verdict.BLOCK) == 1
    assert bad_nights_in_a_row([fine, short, unsure], Verdict.BLOCK) == 3
    assert bad_nights_in_a_row([short, short], Verdict.PASS) == 0


def test_nights_are_kept_in_the_order_of_their_dates(tmp_path):
    store = NightStore(tmp_path, "nightly")
    for day in (9, 10, 2):
        store.write(night(day, 0.1, Verdict.PASS))
    assert [n.date.day for n in store.all()] == [2, 9, 10]
    assert [n.date.day for n in store.before("nightly-10", datetime.date(2026, 11, 10))] == [2, 9]
    store.path("nightly-3").write_text("{}")
    with pytest.raises(InputError, match="suite: is missing"):
        store.all()
