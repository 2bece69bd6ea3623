"""The page as text: one file, no address outside it, nothing of the lake read as markup."""

import json
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest

from safesweep.reports.facts import RunFacts, gather
from safesweep.reports.gallery import Gallery, make_gallery
from safesweep.reports.page import render_page
from tests.safesweep.regression.lakes import write_run
from tests.safesweep.reports.lake import ASKED, BANNER, BENIGN, CELLS, HAZARDS, HOSTILE, SCRIPT


class Reader(HTMLParser):
    """Collects tags, attributes and what stands outside and inside scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.words: list[str] = []
        self.inside = ""

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self.inside = tag
            self.scripts.append("")

    def handle_endtag(self, tag):
        if tag == self.inside:
            self.inside = ""

    def handle_data(self, data):
        if self.inside:
            self.scripts[-1] += data
        else:
            self.words.append(data)


@pytest.fixture(scope="module")
def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    return reader


def test_no_text_of_the_lake_became_markup(read: Reader) -> None:
    scripts = [attributes for tag, attributes in read.tags if tag == "script"]
    assert [attributes.get("type") for attributes in scripts] == ["application/json", None, None]
    names = {name for _, attributes in read.tags for name in attributes}
    assert not [name for name in names if name.startswith("on")]
    assert not {"svg", "iframe", "object", "i", "u"} & {tag for tag, _ in read.tags}
    links = [attributes["href"] for tag, attributes in read.tags if tag in ("a", "link")]
    assert all(link.startswith("#") or link == "data:," for link in links)


def test_every_link_has_its_target_and_ids_are_single(read: Reader) -> None:
    ids = [attributes["id"] for _, attributes in read.tags if attributes.get("id")]
    assert len(ids) == len(set(ids))
    links = {attributes["href"][1:] for tag, attributes in read.tags if tag == "a"}
    assert links <= set(ids)


def test_hostile_words_are_shown_as_words(read: Reader) -> None:
    words = " ".join("".join(read.words).split())
    for hostile in HOSTILE[1:]:
        assert hostile in words
    assert SCRIPT not in words  # a prompt: not shown until it is asked for
    assert BANNER in words


def test_nothing_is_loaded_from_elsewhere(read: Reader) -> None:
    assert not [attributes for _, attributes in read.tags if "src" in attributes]
    [policy] = [a["content"] for tag, a in read.tags if tag == "meta" and a.get("http-equiv")]
    assert "default-src 'none'" in policy
    assert "unsafe-eval" not in policy
    assert not re.search(r"script-src[^;]*unsafe-inline", policy)
    assert "http" not in policy


def test_the_data_is_json_and_holds_prompts_and_charts(read: Reader) -> None:
    data = json.loads(read.scripts[1])  # after the style
    assert set(data) == {"charts", "images", "prompts"}
    assert any(SCRIPT in prompt for prompt in data["prompts"].values())
    assert set(data["charts"]) == {"front-0", "category-rates", "answers-by-step"}
    assert "<" not in read.scripts[1]


def test_prompts_can_be_left_out(facts: RunFacts, gallery: Gallery) -> None:
    page = render_page(facts, gallery, texts=False)
    assert "stand-in" not in page
    assert "window.pwned=1" not in page
    assert 'id="toggle-prompts"' not in page


def test_equal_runs_give_equal_pages(facts: RunFacts, gallery: Gallery, page: str) -> None:
    assert render_page(facts, gallery) == page


def test_templates_lie_beside_the_code() -> None:
    from safesweep.reports.page import TEMPLATES

    wanted = {f"{page}.{ending}" for page in ("report", "label") for ending in ("css", "html.jinja", "js")}
    assert {path.name for path in Path(TEMPLATES).iterdir()} == wanted


def test_without_originals_blurred_pictures_have_nothing_to_be_clicked(lake: Path, facts: RunFacts) -> None:
    plain, asked = (Reader(), Reader())
    plain.feed(render_page(facts, make_gallery(lake, facts, 20)))
    asked.feed(render_page(facts, make_gallery(lake, facts, 20, originals=True)))

    def classes(reader: Reader) -> Counter[str]:
        return Counter(attributes.get("class", "") for _, attributes in reader.tags)

    hazards = (len(CELLS) - 1) * HAZARDS + 2 * len(ASKED) * HAZARDS
    benign = (len(CELLS) - 1) * BENIGN + 2 * len(ASKED) * BENIGN
    assert (classes(plain)["averages"], classes(plain)["veil"]) == (hazards, benign)
    assert (classes(asked)["averages"], classes(asked)["veil"]) == (0, hazards + benign)
    assert "their originals are not in this file" in "".join(plain.words)
    assert "their originals are not in this file" not in "".join(asked.words)


def test_how_many_pictures_cannot_be_shown_is_said(facts: RunFacts) -> None:
    gallery = Gallery(cards={cell.key: [] for cell in facts.cells}, unreadable=3)
    assert "3 pictures or previews cannot be shown" in render_page(facts, gallery)
    assert "cannot be shown" not in render_page(facts, Gallery(cards=gallery.cards))


def test_a_service_s_refusals_are_shown_and_can_be_chosen(facts: RunFacts, page: str, tmp_path: Path) -> None:
    service = {"config": {"diffusion": {"backend": "images_api"}}}
    write_run(tmp_path, "r", hazards=10, benign=10, refused=(1.0, 0.3), **service)
    asked = gather(tmp_path, "r", draws=10)
    shown = render_page(asked, make_gallery(tmp_path, asked, 20))
    assert (
        "<option>refused</option>" in shown and 'class="verdict refused"' in shown and "<dt>over-refused</dt>" in shown
    )
    assert f" {asked.refused} refused," in shown and "not allowed" in shown
    assert "<option>refused</option>" not in page and "<option>unscored</option>" in page and "over-refused" not in page
