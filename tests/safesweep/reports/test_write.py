"""The whole report as files."""

import pytest

from safesweep.errors import InputError
from safesweep.reports.write import write_report
from tests.safesweep.reports.lake import RUN


def test_page_and_markdown_are_written_and_counted(lake, tmp_path):
    page, markdown = tmp_path / "deep" / "r.html", tmp_path / "r.md"
    written = write_report(lake, out=page, markdown=markdown, pictures=2, draws=100)
    assert (written.page, written.markdown, written.size) == (page, markdown, page.stat().st_size)
    assert written.facts.run_id == RUN
    text = page.read_text()
    assert text.count("data:image") == 0 or written.images <= text.count("data:image")
    assert 0 < written.images <= written.cards * 4
    assert "r.html" in markdown.read_text()
    assert 'class="averages"' in text
    asked = write_report(lake, RUN, out=page, pictures=2, draws=100, originals=True)
    assert 'class="averages"' not in page.read_text() and (asked.cards, asked.unreadable) == (written.cards, 0)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"pictures": -1}, "--pictures: -1 is not allowed; 0 or more is"),
        ({"draws": 99}, "--draws: 99 is not allowed; 100 or more is"),
        ({"run_id": "nigth-1"}, "did you mean 'night-1'"),
        ({"profile": "no-such"}, "'no-such' is unknown"),
    ],
)
def test_what_cannot_be_used_is_refused_and_nothing_is_written(lake, tmp_path, options, words):
    with pytest.raises(InputError, match=words):
        write_report(lake, out=tmp_path / "r.html", **options)
    assert not list(tmp_path.iterdir())


def test_a_folder_in_the_place_of_a_file_is_refused(lake, tmp_path):
    for option in ("out", "markdown"):
        with pytest.raises(InputError, match=f"--{option}: .* is a folder"):
            write_report(lake, **{"out": tmp_path / "r.html", option: tmp_path})
