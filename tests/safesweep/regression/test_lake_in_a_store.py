"""Comparison, baselines, nights, canaries, report and sheets say the same of a lake in a store as of the folder it was copied from."""

import dataclasses
import datetime

import numpy as np
import pytest

from safesweep.errors import InputError
from safesweep.lake.folder import lake_folder
from safesweep.lake.lease import hold, run_place
from safesweep.regression.baselines import BaselineStore
from safesweep.regression.canary import Drawn, DrawnPicture, keep
from safesweep.regression.comparison import compare
from safesweep.regression.comparison_json import plain
from safesweep.regression.drift import explain_drift
from safesweep.regression.history_page import write_history
from safesweep.regression.nights import NightStore
from safesweep.regression.policy import load_policy
from safesweep.regression.trials import load_run
from safesweep.regression.verdict import Verdict
from safesweep.reports.sheets.write import write_contact_sheets
from safesweep.reports.write import write_report
from tests.s3_server import put_lake
from tests.safesweep.regression.lakes import write_run
from tests.safesweep.regression.made_nights import night

NONE = (("none", "none"), ("dynamic_negative", "dynamic_negative γ=7.5"))


@pytest.fixture
def both(tmp_path, s3_lake):
    """One lake twice: in a folder, and in a store whose server throttles one request in ten."""
    folder = tmp_path / "lake"
    for run_id, asr in (("a", 0.05), ("b", 0.3)):
        write_run(folder, run_id, asr=asr, cells=NONE, hazards=20, benign=20)
    put_lake(folder, s3_lake)
    return folder, lake_folder(s3_lake)


def test_numbers_pictures_and_verdicts_are_those_of_the_folder(both, tmp_path, s3_server):
    s3_server.fail_every = 10
    policy = load_policy("default")
    told = []
    for place, lake in zip(("here", "there"), both, strict=True):
        pinned = BaselineStore(lake).pin("nightly", "a", policy)
        assert BaselineStore(lake).current("nightly") == pinned
        compared = compare(load_run(lake, "a"), load_run(lake, "b"), policy)
        page = tmp_path / place / "report.html"
        facts = write_report(lake, "b", out=page, markdown=page.with_suffix(".md"), draws=100).facts
        sheets = write_contact_sheets(lake, "a", tmp_path / place / "sheets", columns=3, profile="miniature")
        told.append(
            {
                "pinned": pinned.model_dump(exclude={"pinned_at"}),
                "compared": plain(compared),
                "cells": [dataclasses.asdict(cell) if dataclasses.is_dataclass(cell) else cell for cell in facts.cells],
                "page": page.read_bytes(),
                "markdown": page.with_suffix(".md").read_bytes(),
                "sheets": [(path.name, path.read_bytes()) for path in sheets],
            }
        )
    here, there = told
    for name in here:
        assert repr(there[name]) == repr(here[name]), name
    assert here["compared"]["flips"] and len(here["sheets"]) == 2
    assert BaselineStore(both[1]).retire("nightly").run_id == "a" and BaselineStore(both[1]).in_force("nightly") is None


def test_nights_and_canaries_are_kept_and_one_holds_the_suite(s3_lake):
    nights = NightStore(lake_folder(s3_lake), "nightly")
    assert nights.all() == []
    made = [night(day, 0.1, Verdict.PASS) for day in (3, 1, 2)]
    for one in made:
        nights.write(one)
    assert nights.all() == sorted(made, key=lambda one: one.date)
    assert [one.date.day for one in nights.before("nightly-3", datetime.date(2026, 11, 3))] == [1, 2]
    page = write_history(nights.all(), nights.folder / "history.html")
    assert "nightly-2" in page.read_text(encoding="utf-8")
    with nights.lock("nightly-4"):
        with (
            pytest.raises(InputError, match=r"suite 'nightly' \(run nightly-5\) is being written to s3://"),
            nights.lock("nightly-5"),
        ):
            raise AssertionError("two held the suite")
        with hold(run_place(s3_lake, "nightly-4")):
            assert nights.recorded("nightly-1") is not None
    with nights.lock("nightly-5"):
        pass
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    drawn = [
        keep(Drawn({("model", "a circle", 1): DrawnPicture("l", one)}, {}, {}, "steps=2"), nights.folder, name)
        for name, one in (("n1", pixels), ("n2", 255 - pixels))
    ]
    moved = explain_drift(*drawn, nights.folder, 0.5)
    assert moved.model_distance == pytest.approx(np.abs(2.0 * pixels - 255).mean())
    stolen = drawn[1].model_copy(
        update={"pictures": tuple(one.model_copy(update={"file": f"../{one.file}"}) for one in drawn[1].pictures)}
    )
    assert explain_drift(drawn[0], stolen, nights.folder, 0.5).model_distance == 255.0
