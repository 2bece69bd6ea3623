"""One file that needs nothing else: what is escaped, what runs, what the data may hold."""

import base64
import hashlib
import json
import re

import pytest
from jinja2 import UndefinedError

from safesweep.reports.offline import render_offline

TEMPLATE = """<meta content="script-src {{ hashes|join(' ') }}"><style>{{ style }}</style><p>{{ words|shout }}</p>
<script type="application/json">{{ data }}</script><script>{{ library }}</script><script>{{ script }}</script>"""
HOSTILE = "</script><script>alert(1)</script>&<b>"


def render(folder, template=TEMPLATE, script="let a = 1 < 2;\r\n", data=HOSTILE, **content):
    path = folder / "page.html.jinja"
    path.write_text(template)
    return render_offline(path, style="p > b {}", script=script, data=data, filters={"shout": str.upper}, **content)


def test_words_are_escaped_and_code_is_not(tmp_path):
    page = render(tmp_path, words=HOSTILE)
    assert "&lt;/SCRIPT&gt;" in page and HOSTILE.upper() not in page
    assert "p > b {}" in page and "let a = 1 < 2;\n" in page


def test_data_come_back_as_they_were_and_cannot_end_their_element(tmp_path):
    data = {"words": HOSTILE, "list": [1, None, "ü\u2028"]}
    [written] = re.findall(r'<script type="application/json">(.*?)</script>', render(tmp_path, data=data, words=""))
    assert json.loads(written) == data and not set("<>&") & set(written) and written.isascii()


def test_the_hashes_are_those_of_the_scripts_as_browsers_read_them(tmp_path):
    page = render(tmp_path, words="")
    scripts = re.findall(r"<script>(.*?)</script>", page, re.S)
    assert len(scripts) == 2
    for code in scripts:
        digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
        assert f"sha256-{digest}" in page[: page.index("<style>")].replace("&#43;", "+").replace("&#39;", "'")


def test_what_the_template_lacks_and_what_json_has_not_is_an_error(tmp_path):
    with pytest.raises(UndefinedError, match="words"):
        render(tmp_path, template="{{ words }}")
    with pytest.raises(ValueError, match="JSON"):
        render(tmp_path, data=float("nan"), words="")
