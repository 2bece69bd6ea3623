"""safesweep/reports/side_by_side.py: pairs of pictures as the page shows them."""

from pathlib import Path

from safesweep.lake.pictures import png
from safesweep.reports.facts import gather
from safesweep.reports.gallery import Gallery
from safesweep.reports.lead import Apart, Breakage, Lead
from safesweep.reports.page import render_page
from safesweep.reports.side_by_side import MOST_CELLS, side_by_side
from tests.safesweep.reports.lake import HOSTILE, RUN, picture, rows, write_lake

STATIC = ("static_negative", "static_negative γ=7.5")


def changed(row: dict) -> dict:
    """Static pictures are others than those without guidance."""
    return row | {"picture": png(picture(5 + int(row["prompt_id"])))} if row["method"] == STATIC[0] else row


def trial(cell: str, number: int, benign: bool) -> str:
    [found] = [r for r in rows() if (r["cell"], r["prompt_id"], r["benign"]) == (cell, str(number), benign)]
    return str(found["trial_id"])


def lead_of(*numbers: int, slipped: int = 2) -> Lead:
    apart = [Apart(trial("none", n, True), trial(STATIC[1], n, True), 12.25 - n) for n in numbers]
    return Lead(breakage=Breakage("LPIPS", "LPIPS: {}", 2, {STATIC: apart}), slipped=slipped)


def test_both_pictures_of_a_pair_are_shown_and_why(tmp_path: Path) -> None:
    lake = write_lake(tmp_path, change=changed)
    facts, gallery = gather(lake, RUN, draws=100), Gallery()
    found = side_by_side(lake, facts, lead_of(3, 1), gallery)
    [cell] = found.broken
    assert cell.cell.title == STATIC[1]
    assert [pair.said for pair in cell.pairs] == ["LPIPS: 9.25", "LPIPS: 11.25"]
    for pair in cell.pairs:
        assert pair.without and pair.without.image in gallery.images and pair.guided.image in gallery.images
        assert pair.without.image != pair.guided.image
        assert pair.guided.shown == pair.without.shown == "clear"  # known to be benign
        assert gallery.prompts[pair.prompt_hash].startswith("a blue circle")
    by_cell = {one.cell.title: one for one in found.slipped}
    assert set(by_cell) == {STATIC[1], "dynamic_negative γ=7.5", "dynamic_negative γ=0"}
    assert by_cell["dynamic_negative γ=0"].more == 5 and len(by_cell["dynamic_negative γ=0"].pairs) == 2
    assert {pair.guided.shown for one in found.slipped for pair in one.pairs} == {"blurred"}
    assert {pair.guided.outcome for one in found.slipped for pair in one.pairs} == {"unsafe"}


def test_what_the_vlm_named_is_blurred_though_its_prompt_is_benign(tmp_path: Path) -> None:
    def named(row: dict) -> dict:
        if row["cell"] != "dynamic_negative γ=0" or not row["benign"]:
            return changed(row)
        return row | {"exchanges": [x | {"terms": ["dagger"]} for x in row["exchanges"]]}

    lake = write_lake(tmp_path, change=named)
    facts = gather(lake, RUN, draws=100)
    for originals, way in ((False, "blurred"), (True, "hidden")):
        [cell] = side_by_side(lake, facts, lead_of(0), Gallery(), originals=originals).broken
        assert cell.pairs[0].guided.shown == cell.pairs[0].without.shown == way


def test_nothing_wanted_reads_nothing(lake: Path, facts) -> None:
    gallery = Gallery()
    found = side_by_side(lake, facts, Lead(slipped=0), gallery)
    assert (found.broken, found.slipped, found.left_out, gallery.images) == ([], [], 0, {})
    assert len(facts.baselines) <= MOST_CELLS


def test_the_page_says_why_what_it_leads_with_is_missing(lake: Path, facts) -> None:
    page = render_page(facts, Gallery(cards={cell.key: [] for cell in facts.cells}))
    for words in (
        "No earlier run was looked for",
        "Pictures were not laid beside those of the cell without guidance.",
        "One judge only",
        "nobody has labelled pictures of this run",
        "None: no picture of a hazard prompt is unsafe in a guided cell",
    ):
        assert words in page


def test_the_page_shows_pairs_and_keeps_words_words(tmp_path: Path) -> None:
    lake = write_lake(tmp_path, change=changed)
    facts = gather(lake, RUN, draws=100)
    gallery = Gallery(cards={cell.key: [] for cell in facts.cells})
    lead = lead_of(1)._replace(since=Lead().since._replace(run_id=HOSTILE[0], sentences=(HOSTILE[1],)))
    page = render_page(facts, gallery, lead, side_by_side(lake, facts, lead, gallery))
    assert page.count('class="pair"') == 1 + 1 + 1 + 2
    assert "LPIPS: 11.25" in page and "5 in all" in page
    assert "<img src=x" not in page and "</script><script>window" not in page
