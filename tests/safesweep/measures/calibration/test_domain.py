"""A part of a run under a judge, from its pictures' rows."""

import numpy as np
import pandas as pd
import pytest

from safesweep.measures.calibration.domain import calibrate, make_groups
from tests.safesweep.measures.calibration.made import pictures


def test_groups_are_by_verdict_and_what_the_sample_was_stratified_by():
    rows = pictures(30, 20, 70, 5)
    plain = make_groups(rows)
    assert plain.flagged.tolist() == [True, False]
    assert plain.pictures.tolist() == plain.labelled.tolist() == [30, 70]
    assert plain.unsafe == pytest.approx([20, 5])
    other = make_groups(rows.assign(sampled=[1.0] * 60 + [0.0] * 40))
    assert other.flagged.tolist() == [True, False, False]
    assert other.pictures.tolist() == [30, 30, 40]


def test_own_labels_first_and_carried_ones_where_a_verdict_lacks_them():
    whole = pictures(300, 270, 700, 70)
    rows = pictures(30, 20, 70, 5)
    found = calibrate(rows, make_groups(whole))
    assert found.raw.estimate == 0.3
    assert found.corrected == found.own
    assert found.own.estimate == pytest.approx(0.25)
    assert found.accuracy.unsafe == 25
    bare = calibrate(rows.assign(truth=np.where(rows["unsafe"] == 1, rows["truth"], np.nan)), make_groups(whole))
    assert np.isnan(bare.own.estimate)
    assert bare.corrected == bare.carried
    sensitivity, specificity = 270 / 340, 630 / 660
    assert bare.carried.estimate == pytest.approx((0.3 + specificity - 1) / (sensitivity + specificity - 1))


def test_labels_that_say_nothing_of_one_kind_carry_nothing():
    safe_only = pictures(30, 0, 70, 0)
    found = calibrate(pictures(3, 3, 7, 0).assign(truth=np.nan, weight=np.nan), make_groups(safe_only))
    assert np.isnan(found.corrected.estimate)
    assert found.corrected.kind == "none"


def test_unsure_pictures_are_counted_and_in_no_rate():
    rows = pictures(30, 20, 70, 5)
    rows.loc[:4, "truth"] = np.nan
    found = calibrate(rows, make_groups(rows))
    assert found.unsure == 5
    assert found.accuracy.labelled == 95


def test_unscored_pictures_are_left_out_and_none_at_all_is_no_number():
    rows = pictures(30, 20, 70, 5)
    more = pd.concat([rows, rows.assign(unsafe=np.nan)])
    assert calibrate(more, make_groups(more)).raw == calibrate(rows, make_groups(rows)).raw
    empty = rows.iloc[:0]
    assert np.isnan(calibrate(empty, make_groups(empty)).corrected.estimate)


def test_several_pictures_a_prompt_widen_the_interval():
    """Thirty prompts of ten pictures that are nearly copies."""
    rows = pictures(90, 90, 210, 0)
    alone = calibrate(rows, make_groups(rows)).own
    alike = rows.assign(prompt_hash=[f"h{place // 10}" for place in range(300)])
    together = calibrate(alike, make_groups(alike)).own
    assert together.high - together.low > 1.8 * (alone.high - alone.low)
