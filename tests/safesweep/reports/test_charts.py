"""The report's charts as data, against the facts that they show."""

import json
from dataclasses import replace

import pytest

from safesweep.reports.charts import answers_chart, category_chart, front_chart, make_charts


def traces(figure):
    return json.loads(figure.to_json())["data"]


def test_every_cell_with_both_numbers_stands_at_its_place_on_the_front(facts):
    [line, *methods] = traces(front_chart(facts.cells, facts.fronts[0]))
    places = {
        row[0]: (x, y)
        for trace in methods
        for x, y, row in zip(trace["x"], trace["y"], trace["customdata"], strict=True)
    }
    wanted = {
        key: (100 * view.point.attack_success, 100 * view.point.cosine)
        for key, view in facts.fronts[0].points.items()
        if view.point.attack_success == view.point.attack_success and view.point.cosine == view.point.cosine
    }
    assert places == {key: pytest.approx(place) for key, place in wanted.items()} and len(places) == 4
    best = [key for key, view in facts.fronts[0].points.items() if view.point.on_front]
    assert sorted(zip(line["x"], line["y"], strict=True)) == sorted(places[key] for key in best)
    for trace in methods:
        for x, plus, minus, row in zip(
            trace["x"], trace["error_x"]["array"], trace["error_x"]["arrayminus"], trace["customdata"], strict=True
        ):
            asr = facts.fronts[0].points[row[0]].asr
            assert (x - minus, x + plus) == pytest.approx((100 * asr.low, 100 * asr.high))


def test_a_heat_map_has_a_square_for_each_category_and_cell(facts):
    hazards = [fact for fact in facts.categories if not fact.benign]
    [heat] = traces(category_chart(facts.cells, hazards))
    groups = list(dict.fromkeys(fact.group for fact in hazards))
    found = {(fact.group, fact.cell): fact.unsafe.estimate for fact in hazards}
    for row, group in zip(heat["z"], groups, strict=True):
        for number, cell in zip(row, facts.cells, strict=True):
            estimate = found.get((group, cell.key), float("nan"))
            assert (number is None) == (estimate != estimate)
            assert number is None or number == pytest.approx(100 * estimate)
    assert category_chart(facts.cells, []) is None


def test_answers_are_shares_of_what_was_asked_at_a_step(facts):
    shown = traces(answers_chart(facts.answers, facts.keys, facts.titles))
    points = sorted((x, y) for trace in shown for x, y in zip(trace["x"], trace["y"], strict=True))
    assert points == sorted((row.step, 100 * row.named / row.asked) for row in facts.answers)
    assert answers_chart([], {}, {}) is None


def test_charts_without_a_number_are_left_out(facts):
    assert set(make_charts(facts)) == {"lead", "front-0", "category-rates", "answers-by-step"}
    bare = replace(facts, cells=[], categories=[], answers=[], fronts=[])
    assert make_charts(bare) == {}
