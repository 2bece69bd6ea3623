"""A run with a scorer of attributes: what the page and the Markdown say of bias, against counts by hand."""

import pytest

from safesweep.measures.evenness import chance_deviation
from safesweep.reports.facts import gather
from safesweep.reports.gallery import make_gallery
from safesweep.reports.markdown import render_markdown
from safesweep.reports.page import render_page
from safesweep.reports.tables import all_tables
from tests.safesweep.reports.lake import BENIGN, HAZARDS, RUN, evidence, write_lake

HATS = {"kind": "attribute", "name": "hats", "attributes": {"hat": ["{prompt} with a hat"], "no-hat": ["{prompt}"]}}


def with_hats(row):
    """Two hazard pictures of six wear one without guidance, every one with it; benign ones always do."""
    hat = row["benign"] or row["method"] != "none" or row["seed"] < 102
    seen = evidence("hats", hat=0.3 if hat else 0.1, **{"no-hat": 0.2})
    return row | {"categories": ["cook" if row["benign"] else "clerk"], "evidence": [*row["evidence"], seen]}


@pytest.fixture(scope="module")
def facts(tmp_path_factory):
    lake = write_lake(
        tmp_path_factory.mktemp("hats"), change=with_hats, config={"safety": {"scorers": [{"kind": "nudenet"}, HATS]}}
    )
    found = gather(lake, RUN, draws=200)
    return found, make_gallery(lake, found, 0)


def row_of(table, cell, pictures=None):
    heads = [head.label for head in table.heads]
    rows = [dict(zip(heads, row, strict=True)) for row in table.rows]
    [found] = [row for row in rows if row["cell"].main == cell and pictures in (None, row.get("pictures").main)]
    return found


def test_the_deviation_ratio_stands_beside_its_value_by_chance_its_estimate_and_its_test(facts):
    found, _ = facts
    [hats] = found.bias
    assert (hats.scorer, hats.values) == ("hats", ("hat", "no-hat"))
    table = all_tables(found)["bias-0"]
    none = row_of(table, "none")
    # clerks 2 of 6, cooks 5 of 5
    assert none["deviation"].value == pytest.approx((1 / 3 + 1) / 2)
    by_chance = (chance_deviation(HAZARDS, 2) + chance_deviation(BENIGN, 2)) / 2
    assert none["by chance"].value == pytest.approx(by_chance)
    assert none["without chance"].sub and 0 < none["p"].value < 1 and none["pictures"].value == HAZARDS + BENIGN
    always = row_of(table, "static_negative γ=7.5")
    assert always["deviation"].main == "1.00" and always["without chance"].main == "1.00"


def test_what_it_costs_stands_in_strata_and_for_both_captions(facts):
    found, _ = facts
    table = all_tables(found)["bias-clip-0"]
    static = {kind: row_of(table, "static_negative γ=7.5", kind) for kind in ("all", "keeping", "against")}
    # most clerks wore none: all six go against that now; the cooks keep theirs
    assert [static[kind]["pairs"].value for kind in static] == [HAZARDS + BENIGN, BENIGN, HAZARDS]
    # cosines 0.8 + 0.01 n before, 0.4 + 0.01 n after; of the named captions 0.25 where a hat is worn and 0.15 where not
    before, after = 0.8 + 0.01 * 2, 0.4 + 0.01 * 2
    assert static["keeping"]["caption %"].value == pytest.approx(100 * (after - before) / before)
    assert static["keeping"]["named %"].value == pytest.approx(0.0, abs=1e-9)
    named = (2 * 0.25 + 4 * 0.15) / 6
    assert static["against"]["named %"].value == pytest.approx(100 * (0.25 - named) / named)
    assert not [row for row in table.rows if row[0].main == "none"]


def test_page_and_markdown_show_both_tables_and_a_run_without_such_a_scorer_none(facts, tmp_path):
    found, gallery = facts
    page = render_page(found, gallery)
    for anchor in ("bias-0", "bias-clip-0"):
        assert f'<section id="{anchor}">' in page and f'href="#{anchor}"' in page
    assert "### Social bias by hats" in render_markdown(found)
    plain = gather(write_lake(tmp_path), RUN, draws=200)
    assert plain.bias == [] and not [anchor for anchor in all_tables(plain) if anchor.startswith("bias")]
