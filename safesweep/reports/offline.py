"""HTML documents of one file that need nothing else and ask the network for nothing."""

import base64
import json
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs


def render_offline(
    template: Path,
    *,
    style: str,
    script: str,
    data: object,
    plotly: bool = True,
    filters: Mapping[str, Callable[..., Any]] | None = None,
    **content: object,
) -> str:
    """Return a document with its style, its own script and its data in it, and plotly's library where it has charts.

    What the template is given is escaped. The data reach the document as JSON, which the script sets as text, image sources and
    charts. The template's content policy (CSP) is to allow the scripts of these `hashes` and no connection; so even markup that got past
    the escaping could neither run nor call home.

    Args:
        template: a Jinja file that places `style`, `data`, `script` and `hashes`, and with charts `library`.
        style: CSS.
        script: the document's own JavaScript.
        data: what JSON can hold; no NaN.
        plotly: whether its library (5 MB) is wanted; `library` is empty without.
        filters: further filters of the template, by name.
        content: what else the template names.
    """
    # Browsers read \r\n as \n before they hash.
    library, own = (code.replace("\r\n", "\n") for code in (get_plotlyjs() if plotly else "", script))
    environment = Environment(
        loader=FileSystemLoader(template.parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= filters or {}
    return environment.get_template(template.name).render(
        style=Markup(style),
        library=Markup(library),
        script=Markup(own),
        hashes=[_hash(code) for code in (library, own) if code],
        data=_json_for_html(data),
        **content,
    )


def _hash(code: str) -> str:
    return f"'sha256-{base64.b64encode(sha256(code.encode()).digest()).decode()}'"


def _json_for_html(data: object) -> Markup:
    """JSON that cannot end the script element that it stands in."""
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))
