"""A history chart as data."""

import pytest

from safesweep.regression.history_charts import history_chart
from safesweep.regression.verdict import Verdict
from tests.safesweep.regression.made_nights import night


def nights():
    return [night(1, 0.1, Verdict.PASS), night(2, 0.5, Verdict.BLOCK, cell="weak"), night(3, 0.2, Verdict.PASS)]


def test_a_chart_keeps_a_changed_cell_in_its_line():
    chart = history_chart(nights(), "asr", "dynamic", "critical")
    values, limits = chart.figure["data"]
    assert values["x"] == [0, 1, 2] and values["y"] == pytest.approx([10.0, 50.0, 20.0])
    assert [run for run, _ in values["customdata"]] == ["nightly-1", "nightly-2", "nightly-3"]
    first, second, third = zip(values["marker"]["symbol"], values["marker"]["color"], strict=True)
    assert first == third != second
    assert limits["y"] == pytest.approx([20.0] * 3)
    assert "2026-11-02: 50.00 (50.00 to 50.00), BLOCK" in chart.words


def test_intervals_reach_from_the_value_to_their_ends():
    one = night(1, 0.5, Verdict.PASS)
    row = one.measures[0].model_copy(update={"low": 0.4, "high": 0.7, "lowest": 0.3})
    [values, limits] = history_chart(
        [one.model_copy(update={"measures": (row,)})], "asr", "dynamic", "critical"
    ).figure["data"]
    assert values["error_y"]["arrayminus"] == pytest.approx([10.0])
    assert values["error_y"]["array"] == pytest.approx([20.0])
    assert limits["y"] == pytest.approx([30.0, 20.0])


def test_a_night_without_a_value_leaves_a_gap_and_few_dates_are_written():
    many = [night(day, None if day == 2 else 0.1, Verdict.PASS) for day in range(1, 26)]
    figure = history_chart(many, "asr", "dynamic", "critical").figure
    assert figure["data"][0]["x"] == [0, *range(2, 25)]
    ticks = figure["layout"]["xaxis"]
    assert ticks["ticktext"][:2] == ["01 Nov", "04 Nov"] and len(ticks["ticktext"]) == len(ticks["tickvals"]) == 9
