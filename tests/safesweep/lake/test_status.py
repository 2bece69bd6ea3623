"""What became of a trial, said to Python and to SQL alike."""

import re
from typing import get_args

import duckdb
import pytest

from safesweep.files import ROOT
from safesweep.lake import status
from safesweep.measures.profiles import VERDICTS, Outcome
from safesweep.reports.sheets.style import OUTCOMES


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
    assert duckdb.execute(said, [found]).fetchall() == [(made, refused, failed)]
    assert (found in status.ANSWERED) == (not failed)


def test_they_are_the_words_that_lakes_hold():
    assert (status.MADE, status.FAILED, status.REFUSED) == ("ok", "unscored", "refused")


WORDS = re.compile(
    r"""status\w*["'\])]*\s*(?:==|!=|<>|=|IN|in)\s*\(?\s*["'](?:ok|unscored|refused)["']|<> 'unscored'"""
)
"""A status, or what is made of one, that is written out where it is compared."""


@pytest.mark.parametrize("tree", ["actors", "jobs", "pipelines", "safesweep"])
def test_nobody_writes_them_out_but_the_one_place(tree):
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in (ROOT / tree).rglob("*.py")
        for line in path.read_text().splitlines()
        if WORDS.search(line)
    ]
    assert found == []
    assert WORDS.search("WHERE status = 'ok'") and WORDS.search('if row["status"] != "ok":')


def test_every_outcome_has_a_colour_on_the_page_and_on_the_sheets():
    page = (ROOT / "safesweep" / "reports" / "templates" / "report.css").read_text()
    for outcome in get_args(Outcome):
        assert outcome in OUTCOMES and f".verdict.{outcome} {{" in page
    assert (
        set(VERDICTS) <= set(get_args(Outcome))
        and status.REFUSED in get_args(Outcome)
        and status.FAILED in get_args(Outcome)
    )
