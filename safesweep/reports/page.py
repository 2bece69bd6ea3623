"""The HTML file: one file that needs nothing else and asks the network for nothing."""

import base64
import json
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from safesweep.reports.charts import make_charts
from safesweep.reports.facts import RunFacts
from safesweep.reports.gallery import Gallery
from safesweep.reports.tables import all_tables
from safesweep.reports.text import bounds, decimal, hundredfold, probability

TEMPLATES = Path(__file__).parent / "templates"


def render_page(facts: RunFacts, gallery: Gallery, *, texts: bool = True) -> str:
    """Return the report as one HTML document.

    Everything that comes from the lake is escaped, and prompts and pictures reach the document as data that the script sets as text and
    as image sources. The document's own policy (CSP) allows its own two scripts, by their hashes, and no connection; so
    even markup that got past the escaping could neither run nor call home.

    Args:
        facts: the run's numbers.
        gallery: its pictures.
        texts: put the prompts' texts into the file (hidden until asked for); else only their hashes.
    """
    # Browsers read \r\n as \n before they hash.
    library, script = (code.replace("\r\n", "\n") for code in (get_plotlyjs(), _template("report.js")))
    data = {
        "charts": make_charts(facts),
        "images": gallery.images,
        "prompts": gallery.prompts if texts else {},
    }
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"decimal": decimal, "hundredfold": hundredfold, "probability": probability}
    return environment.get_template("report.html.jinja").render(
        facts=facts,
        gallery=gallery,
        tables=all_tables(facts),
        charts=data["charts"],
        texts=texts,
        bounds=bounds,
        style=Markup(_template("report.css")),
        library=Markup(library),
        script=Markup(script),
        hashes=[_hash(library), _hash(script)],
        data=_json_for_html(data),
    )


def _template(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _hash(code: str) -> str:
    return f"'sha256-{base64.b64encode(sha256(code.encode()).digest()).decode()}'"


def _json_for_html(data: object) -> Markup:
    """JSON that cannot end the script element that it stands in."""
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))
