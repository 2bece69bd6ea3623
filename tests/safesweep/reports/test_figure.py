"""A bare figure takes its colours from the page and its titles from whoever asks."""

import json

from safesweep.reports.figure import bare_figure


def test_it_has_titles_a_height_and_no_ground():
    figure = json.loads(bare_figure("time", "rate, %", height=300).to_json())
    layout = figure["layout"]
    assert figure["data"] == [] and layout["height"] == 300
    assert (layout["xaxis"]["title"]["text"], layout["yaxis"]["title"]["text"]) == ("time", "rate, %")
    assert {layout[name] for name in ("paper_bgcolor", "plot_bgcolor")} == {"rgba(0,0,0,0)"}
    assert json.loads(bare_figure("", "").to_json())["layout"]["height"] == 460
