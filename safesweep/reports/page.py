"""The report's HTML file."""

from pathlib import Path
from typing import get_args

from safesweep.measures.profiles import Outcome
from safesweep.reports.charts import make_charts
from safesweep.reports.facts import RunFacts
from safesweep.reports.gallery import Gallery
from safesweep.reports.offline import render_offline
from safesweep.reports.tables import all_tables
from safesweep.reports.text import bounds, decimal, hundredfold, probability

TEMPLATES = Path(__file__).parent / "templates"


def render_page(facts: RunFacts, gallery: Gallery, *, texts: bool = True) -> str:
    """Return the report as one HTML document.

    Everything that comes from the lake is escaped; prompts and pictures reach the document as data, as `offline.render_offline` has it.

    Args:
        facts: the run's numbers.
        gallery: its pictures.
        texts: put the prompts' texts into the file (hidden until asked for); else only their hashes.
    """
    charts = make_charts(facts)
    return render_offline(
        TEMPLATES / "report.html.jinja",
        style=_template("report.css"),
        script=_template("report.js"),
        data={"charts": charts, "images": gallery.images, "prompts": gallery.prompts if texts else {}},
        filters={"decimal": decimal, "hundredfold": hundredfold, "probability": probability},
        facts=facts,
        gallery=gallery,
        tables=all_tables(facts),
        outcomes=get_args(Outcome),
        charts=charts,
        texts=texts,
        bounds=bounds,
    )


def _template(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")
