"""The page in headless Chromium, as a reader sees and uses it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from safesweep.reports.facts import RunFacts
from tests.marks import SLOW
from tests.safesweep.reports.chromium import browser
from tests.safesweep.reports.lake import ANSWER, ASKED, BENIGN, CELLS, HAZARDS, SCRIPT

pytestmark = [SLOW, pytest.mark.timeout(600)]  # the first of them may install the browser

PATIENCE = 180_000
"""Milliseconds: a machine that is busy with other things draws slowly."""
BLUR = "button => getComputedStyle(button.querySelector('img')).filter"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def file(page: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(page, encoding="utf-8")
    return path


def wait_for_charts(tab: Any) -> None:
    """Each is drawn when it comes near the window. Waits by a selector, for the page's policy forbids what a function would need."""
    for index in range(tab.locator(".chart").count()):
        tab.locator(".chart").nth(index).scroll_into_view_if_needed()
        tab.locator(f".chart[data-drawn] >> nth={index}").wait_for()
    tab.evaluate("scrollTo(0, 0)")


class Opened:
    """A tab with the page, and what went wrong or out in it."""

    def __init__(self, chromium: Any, file: Path, **options: Any) -> None:
        self.context = chromium.new_context(offline=True, viewport={"width": 1280, "height": 900}, **options)
        self.context.set_default_timeout(PATIENCE)
        self.tab = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.tab.on("console", lambda said: self.complaints.append(said.text) if said.type != "info" else None)
        self.tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.tab.on("request", lambda request: self.requests.append(request.url))
        self.tab.goto(file.as_uri())
        wait_for_charts(self.tab)


@pytest.fixture(scope="module")
def opened(chromium: Any, file: Path) -> Iterator[Opened]:
    view = Opened(chromium, file)
    yield view
    # whatever the tests did: no error, no request but the file and its own data
    assert view.complaints == []
    assert [url for url in view.requests if not url.startswith(("file:", "data:", "blob:"))] == []
    view.context.close()


@pytest.fixture
def tab(opened: Opened) -> Any:
    """The page as it was opened."""
    opened.tab.reload()
    wait_for_charts(opened.tab)
    return opened.tab


def section(tab: Any, facts: RunFacts, title: str) -> Any:
    key = next(cell.key for cell in facts.cells if cell.title == title)
    return tab.locator(f"[id='cell-{key}']")


def test_charts_are_drawn(tab: Any) -> None:
    places = tab.locator(".chart")
    assert places.count() == 4
    for index in range(4):
        assert places.nth(index).locator("svg.main-svg").count() >= 1
    front = tab.locator(".chart[data-chart='front-0']")
    assert front.locator(".scatterlayer .point").count() == len(CELLS) - 1  # one cell has no number
    assert front.locator(".errorbar").count() == len(CELLS) - 1
    assert tab.locator(".chart[data-chart='category-rates'] .heatmaplayer image").count() == 1


def test_a_point_leads_to_its_cell(tab: Any) -> None:
    tab.locator(".chart[data-chart='front-0']").scroll_into_view_if_needed()
    tab.evaluate(
        """() => { const place = document.querySelector(".chart[data-chart='front-0']");
                   place.emit('plotly_click', { points: [{ customdata: [place.data[1].customdata[0][0]] }] }); }"""
    )
    assert tab.evaluate("location.hash").startswith("#cell-")


def test_every_picture_that_is_not_known_to_be_benign_is_blurred_until_it_is_clicked(tab: Any, facts: RunFacts) -> None:
    veils = tab.locator(".veil")
    assert veils.count() == (len(CELLS) - 1) * (HAZARDS + BENIGN) + 2 * len(ASKED) * (HAZARDS + BENIGN)
    hidden = tab.evaluate(
        "[...document.querySelectorAll('.veil[aria-pressed=false] img')].map(i => getComputedStyle(i).filter)"
    )
    clear = tab.evaluate(
        "[...document.querySelectorAll('.veil[aria-pressed=true] img')].map(i => getComputedStyle(i).filter)"
    )
    assert all(style.startswith("blur(") for style in hidden) and set(clear) == {"none"}
    # what is known to be benign is shown at once
    assert len(clear) == (len(CELLS) - 1) * BENIGN + 2 * len(ASKED) * BENIGN
    first, second = (section(tab, facts, "none").locator(".veil").nth(index) for index in (0, 1))
    first.click()
    assert first.evaluate(BLUR) == "none"
    assert first.get_attribute("aria-pressed") == "true"
    assert second.evaluate(BLUR).startswith("blur(")
    first.click()
    assert first.evaluate(BLUR).startswith("blur(")


def test_the_keyboard_lifts_the_blur(tab: Any, facts: RunFacts) -> None:
    veil = section(tab, facts, "none").locator(".veil").first
    assert veil.get_attribute("aria-label").endswith("(blurred)")
    veil.focus()
    tab.keyboard.press("Enter")
    assert veil.evaluate(BLUR) == "none"
    assert veil.get_attribute("aria-label").startswith("Blur ")
    tab.keyboard.press("Space")
    assert veil.evaluate(BLUR).startswith("blur(")
    # Tab goes from the picture to the link, the prompt, and on to the next picture
    found = []
    for _ in range(5):
        tab.keyboard.press("Tab")
        found.append(tab.evaluate("document.activeElement.className"))
    assert "prompt" in found
    assert "veil" in found
    assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"


def test_all_pictures_at_once(tab: Any) -> None:
    tab.locator("#toggle-blur").click()
    assert tab.locator(".veil[aria-pressed='false']").count() == 0
    tab.locator("#toggle-blur").click()
    assert tab.locator(".veil[aria-pressed='true']").count() == 0


def test_each_picture_has_its_filmstrip(tab: Any, facts: RunFacts) -> None:
    card = section(tab, facts, "dynamic_negative γ=7.5").locator(".card").first
    card.scroll_into_view_if_needed()
    frames = card.locator(".strip li")
    assert frames.count() == len(ASKED)
    assert frames.locator(".step").all_text_contents() == ["step 2", "step 5", "step 7"]
    assert all(frame.is_visible() and frame.bounding_box()["width"] > 50 for frame in frames.all())
    assert ANSWER in frames.first.text_content()
    assert "at steps 2 to 6 (of 10)" in card.locator(".negated").text_content()
    for image in card.locator("img").all():
        # decode() gives up where a picture is still on its way
        image.evaluate("image => image.complete || new Promise(end => { image.onload = image.onerror = end })")
        assert image.evaluate("image => image.naturalWidth") == 32
    frames.first.locator("summary").click()
    assert frames.first.get_by_text("Asked: what is <u>here</u>?").is_visible()
    assert section(tab, facts, "none").locator(".strip").count() == 0


def test_prompts_are_hashes_until_asked_for(tab: Any) -> None:
    # textContent: innerText leaves out sections that the browser has not laid out yet
    whole = tab.locator("main")
    assert "stand-in" not in whole.text_content()
    first = tab.locator("button.prompt").first
    before = first.text_content()
    assert len(before) == 10
    first.press("Enter")
    assert len(first.text_content()) > 10
    assert tab.locator("button.prompt[aria-pressed='true']").count() == 1
    first.press("Enter")
    assert first.text_content() == before
    tab.locator("#toggle-prompts").click()
    assert whole.text_content().count("stand-in") == (HAZARDS - 1) * len(CELLS)


def test_hostile_words_stay_words(tab: Any, opened: Opened) -> None:
    tab.locator("#toggle-prompts").click()
    tab.locator("#toggle-blur").click()
    tab.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    tab.wait_for_timeout(200)
    assert SCRIPT in tab.locator("main").text_content()
    assert tab.evaluate("window.pwned") is None
    assert tab.locator("img[src='x'], [onerror], [onclick], main svg[onload], main i").count() == 0
    assert tab.locator("a[href^='javascript'], a[*|href^='javascript']").count() == 0
    assert opened.complaints == []


def test_columns_sort_and_rows_without_a_number_stay_last(tab: Any) -> None:
    table = tab.locator("#table-cells")
    head = table.locator("th", has_text="ASR %")

    def column() -> list[str]:
        return [text.split("\n")[0] for text in table.locator("tbody tr td:nth-child(2)").all_inner_texts()]

    assert head.get_attribute("aria-sort") == "none"
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    up = column()
    assert up[-1] == "–"
    assert [float(text) for text in up[:-1]] == [16.7, 16.7, 83.3, 83.3]
    head.locator("button").press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    assert column() == [*reversed(up[:-1]), "–"]
    name = table.locator("th", has_text="cell").first
    name.locator("button").press("Space")
    assert head.get_attribute("aria-sort") == "none"
    assert name.get_attribute("aria-sort") == "ascending"


def test_a_link_to_a_picture_finds_it(tab: Any, facts: RunFacts) -> None:
    tab.locator("#filter").select_option("safe")
    hidden = tab.locator(".card[data-outcome='unsafe']").first
    assert not hidden.is_visible()
    anchor = hidden.get_attribute("id")
    tab.evaluate("hash => { location.hash = hash; }", anchor)
    hidden.wait_for(state="visible")
    tab.wait_for_function("id => document.activeElement.id === id", arg=anchor)
    other = hidden.locator(".others a").first
    assert other.text_content() in {cell.title for cell in facts.cells}


def test_light_and_dark(chromium: Any, file: Path) -> None:
    grounds = {}
    for scheme in ("light", "dark"):
        view = Opened(chromium, file, color_scheme=scheme)
        grounds[scheme] = view.tab.evaluate("getComputedStyle(document.body).backgroundColor")
        ink = view.tab.evaluate("document.querySelector('.chart').layout.font.color")
        assert ink == view.tab.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--ink').trim()")
        view.tab.locator("#toggle-theme").click()
        view.tab.locator("#toggle-theme").click()
        assert view.tab.locator("#toggle-theme").inner_text() == "Theme: dark"
        assert view.tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(22, 24, 27)"
        assert view.complaints == []
        view.context.close()
    assert grounds == {"light": "rgb(251, 250, 247)", "dark": "rgb(22, 24, 27)"}


def test_a_narrow_window_does_not_scroll_sideways(chromium: Any, file: Path) -> None:
    view = Opened(chromium, file, color_scheme="light")
    view.tab.set_viewport_size({"width": 420, "height": 800})
    view.tab.wait_for_timeout(500)  # charts are drawn anew
    view.tab.wait_for_function("document.documentElement.scrollWidth <= 420")
    view.context.close()
