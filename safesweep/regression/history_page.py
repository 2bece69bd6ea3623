"""A suite's nights as a page: each measure over the nights, and what each night came to."""

from collections.abc import Sequence
from pathlib import Path

from safesweep.files import write_whole
from safesweep.regression.history_charts import history_charts
from safesweep.regression.nights import Night
from safesweep.reports.offline import render_offline
from safesweep.reports.text import DASH

TEMPLATES = Path(__file__).resolve().parent / "templates"


def write_history(nights: Sequence[Night], path: Path, *, banner: str | None = None) -> Path:
    """Writes the page of a suite's nights (in the order of their dates) in one move and returns its path.

    One file that needs no network. Names and reasons are escaped, as `safesweep.reports.offline.render_offline` has it.
    """
    charts = history_charts(nights)
    document = render_offline(
        TEMPLATES / "history.html.jinja",
        style=_template("history.css"),
        script=_template("history.js"),
        data={chart.anchor: chart.figure for chart in charts},
        suite=nights[-1].suite if nights else "",
        nights=list(reversed(nights)),
        charts=charts,
        banner=banner,
        dash=DASH,
    )
    write_whole(path, document)
    return path


def _template(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")
