"""The whole report: reads a run, writes the page and the Markdown."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from safesweep.errors import InputError
from safesweep.measures.intervals import DRAWS
from safesweep.reports.facts import RunFacts, gather
from safesweep.reports.gallery import make_gallery
from safesweep.reports.lead import NO_LEAD, Lead, Since
from safesweep.reports.markdown import render_markdown
from safesweep.reports.page import render_page
from safesweep.reports.settings import pick_run
from safesweep.reports.side_by_side import side_by_side

PICTURES = 12
FEWEST_DRAWS = 100
"""Below, the ends of a 95 % interval are the luck of one or two draws."""


class Written(NamedTuple):
    """What was written."""

    facts: RunFacts
    page: Path
    markdown: Path | None
    size: int
    """Of the page, bytes."""
    cards: int
    images: int
    """Different pictures and previews in it."""
    unreadable: int
    """Pictures and previews that cannot be shown."""
    since: Since
    """What changed since the last run."""


def write_report(
    lake: Path,
    run_id: str | None = None,
    *,
    profile: str | None = None,
    second: str | None = None,
    out: Path = Path("report.html"),
    markdown: Path | None = None,
    pictures: int = PICTURES,
    texts: bool = True,
    originals: bool = False,
    draws: int = DRAWS,
    lead: Callable[[RunFacts], Lead] = lambda facts: NO_LEAD,
) -> Written:
    """Write a run's report.

    Args:
        lake: the lake's folder.
        run_id: the run; None for the lake's only one.
        profile: a registered name; None takes the run's own.
        second: a registered name of a profile of another family; None takes one that can judge the run, if there is one.
        out: the HTML file; its folder is made if it is missing.
        markdown: a Markdown file for a pull request, or None.
        pictures: most pictures a cell in the gallery, 0 or more.
        texts: put the prompts' texts into the page, hidden until asked for.
        originals: put pictures into the page as they are where it shows them blurred, hidden until asked for.
        lead: makes of the run's numbers what the page leads with beside them.
        draws: behind each front, test and deviation, `FEWEST_DRAWS` or more.

    Raises:
        InputError: something that was handed in cannot be used.
    """
    for name, number, least in (("--pictures", pictures, 0), ("--draws", draws, FEWEST_DRAWS)):
        if number < least:
            raise InputError(f"{name}: {number} is not allowed; {least} or more is")
    for option, path in (("--out", out), ("--markdown", markdown)):
        if path is not None and path.is_dir():
            raise InputError(f"{option}: {path} is a folder; a file's name is allowed")
    run_id = pick_run(lake, run_id)
    facts = gather(lake, run_id, profile, second=second, draws=draws)
    gallery = make_gallery(lake, facts, pictures, originals=originals)
    found = lead(facts)
    beside = side_by_side(lake, facts, found, gallery, originals=originals)
    _write(out, render_page(facts, gallery, found, beside, texts=texts), "--out")
    if markdown is not None:
        _write(markdown, render_markdown(facts, found.since, page=out.name), "--markdown")
    return Written(
        facts=facts,
        page=out,
        markdown=markdown,
        size=out.stat().st_size,
        cards=sum(map(len, gallery.cards.values())),
        images=len(gallery.images),
        unreadable=gallery.unreadable,
        since=found.since,
    )


def _write(path: Path, content: str, option: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8", newline="\n")
    except OSError as error:
        raise InputError(f"{option}: cannot write {path}: {error.strerror or error}") from error
