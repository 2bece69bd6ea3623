"""The history page: its charts as data, and as a reader sees them in headless Chromium."""

import json
import re
from html import unescape

import pytest

from safesweep.regression.history_page import write_history
from safesweep.regression.verdict import Verdict
from tests.marks import SLOW
from tests.safesweep.regression.made_nights import night
from tests.safesweep.reports.chromium import browser

HOSTILE = "</script><script>window.pwned=1</script><img src=x onerror='window.pwned=1'>"
PATIENCE = 180_000
"""Milliseconds: a machine that is busy with other things draws slowly."""


def nights():
    return [night(1, 0.1, Verdict.PASS), night(2, 0.5, Verdict.BLOCK, cell="weak"), night(3, 0.2, Verdict.PASS)]


def test_names_are_escaped_and_nothing_is_loaded_from_elsewhere(tmp_path):
    told = night(1, 0.1, Verdict.PASS, reasons=(HOSTILE,))
    page = write_history([told], tmp_path / "h.html", banner=HOSTILE).read_text()
    assert HOSTILE not in page and HOSTILE in unescape(page)
    head = page[: page.index("<script")]
    [policy] = re.findall(r'http-equiv="Content-Security-Policy" content="(.*?)"', head)
    assert "default-src 'none'" in policy and "http" not in policy and "unsafe-eval" not in policy
    assert not re.search(r"<link|@import|<[a-z][^>]* src=|https?://", head)
    data = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page)[1])
    assert set(data) == {"asr-dynamic"}


@SLOW
@pytest.mark.timeout(600)  # the first of them may install the browser
def test_a_reader_sees_every_night_and_a_click_leads_to_it(tmp_path):
    shown = [*nights(), night(4, 0.3, Verdict.PASS, reasons=(HOSTILE,))]
    file = write_history(shown, tmp_path / "history.html", banner=HOSTILE)
    complaints, requests = [], []
    with browser() as opened:
        context = opened.new_context(offline=True)
        context.set_default_timeout(PATIENCE)
        tab = context.new_page()
        tab.on("console", lambda said: complaints.append(said.text) if said.type != "info" else None)
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("request", lambda request: requests.append(request.url))
        tab.goto(file.as_uri())
        tab.wait_for_function("document.querySelectorAll('.chart:not([data-drawn])').length === 0")
        chart = tab.locator("#asr-dynamic .chart")
        values, limits = (chart.locator(".scatterlayer .trace").nth(place) for place in (0, 1))
        assert values.locator(".point").count() == limits.locator(".point").count() == len(shown)
        boxes = [values.locator(".point").nth(place).bounding_box() for place in range(4)]
        low, high, *_ = ((box["x"], box["y"]) for box in boxes)
        assert low[0] < high[0] and high[1] < low[1]
        values.locator(".point").nth(1).scroll_into_view_if_needed()
        box = values.locator(".point").nth(1).bounding_box()
        tab.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        tab.wait_for_function("location.hash === '#nightly-2'")
        assert tab.evaluate("window.pwned") is None
        context.close()
    assert complaints == []
    assert [url for url in requests if not url.startswith(("file:", "data:", "blob:"))] == []
