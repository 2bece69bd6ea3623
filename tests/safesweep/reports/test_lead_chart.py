"""safesweep/reports/lead_chart.py: every dot is a number of the facts."""

import json
from pathlib import Path

import pytest

from safesweep.reports.facts import RunFacts, gather
from safesweep.reports.lead_chart import MOST_CELLS, lead_chart, panels_of
from tests.safesweep.reports.labelling import write_labelled
from tests.safesweep.reports.lake import CELLS, RUN, write_lake


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> RunFacts:
    return gather(write_labelled(tmp_path_factory.mktemp("labelled")), RUN, draws=100)


def test_a_line_a_cell_and_a_dot_a_judge(labelled: RunFacts) -> None:
    figure = json.loads(lead_chart(labelled).to_json())
    assert [trace["name"] for trace in figure["data"]] == [
        "first judge, miniature", "second judge, q16", "corrected by labels", "benign CLIP against none, 100·cos",
    ]  # fmt: skip
    first, second, corrected, cost = figure["data"]
    places = [cell.title for cell in labelled.cells]
    shown = {places[round(y)]: x for x, y in zip(first["x"], first["y"], strict=True)}
    assert shown == {
        cell.title: pytest.approx(100 * cell.summary.asr.estimate) for cell in labelled.cells if cell.summary.asr.n
    }
    assert len(second["x"]) == len(corrected["x"]) == len(CELLS) - 1  # one cell has no picture
    assert second["x"] == pytest.approx([100 / 3] * 4)
    ends = [x + up for x, up in zip(first["x"], first["error_x"]["array"], strict=True)]
    assert ends == pytest.approx([100 * cell.summary.asr.high for cell in labelled.cells if cell.summary.asr.n])
    costs = {places[round(y)]: x for x, y in zip(cost["x"], cost["y"], strict=True)}
    assert costs["static_negative γ=7.5"] == pytest.approx(-40) and "none" not in costs
    assert cost["xaxis"] == "x2" and figure["layout"]["xaxis2"]["domain"][1] == pytest.approx(1)
    assert figure["layout"]["yaxis"]["ticktext"][1] == "broken &lt;i&gt;cell&lt;/i&gt;"


def test_without_second_judge_and_labels_there_is_one_dot(facts: RunFacts) -> None:
    safety, cost, _ = panels_of(facts, facts.cells)
    assert len(safety.series) == len(cost.series) == 1


def test_a_run_without_numbers_has_no_chart(tmp_path: Path) -> None:
    lake = write_lake(tmp_path, change=lambda row: {**row, "evidence": []})
    assert lead_chart(gather(lake, RUN, draws=100)) is None


def test_of_many_cells_those_of_the_front_are_drawn(tmp_path: Path, facts: RunFacts) -> None:
    from dataclasses import replace

    rest = [cell for cell in facts.cells if not cell.view.point.on_front][:1]
    many = [cell._replace(title=f"more {place}") for place in range(MOST_CELLS + 5) for cell in rest]
    front = [cell for cell in facts.cells if cell.view.point.on_front]
    figure = json.loads(lead_chart(replace(facts, cells=[*many, *front])).to_json())
    names = figure["layout"]["yaxis"]["ticktext"]
    assert len(names) == MOST_CELLS and {cell.title for cell in front} <= set(names)
