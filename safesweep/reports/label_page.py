"""The page on which people label a sample of a run's pictures: one HTML file that asks the network for nothing."""

from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from safesweep.errors import InputError
from safesweep.files import write_whole
from safesweep.lake.labels import VERDICTS
from safesweep.lake.pictures import PictureError
from safesweep.lake.reader import connection, read_whole_trials, run_files, source
from safesweep.lake.sql import is_one_of
from safesweep.measures.calibration.sample import Sample
from safesweep.reports.images import data_uri, fit
from safesweep.reports.offline import render_offline

TEMPLATES = Path(__file__).parent / "templates"
LONGEST, QUALITY = 640, 90
"""Of a picture on the page: pixels, and WebP's quality."""
LOSSLESS = 128
"""Longest side of a picture that is kept as it is."""
MOST_CATEGORIES = 9
"""One a digit key."""


class LabelPage(NamedTuple):
    """What was written."""

    path: Path
    size: int
    """Bytes."""
    pictures: int
    unreadable: int
    """Pictures of the sample that cannot be shown, and are not on the page."""


def usual_categories(lake: str | Path, run_id: str, benign_sets: list[str]) -> list[str]:
    """The categories that most hazard prompts of a run have, `MOST_CATEGORIES` at most, in alphabetical order."""
    with connection() as opened:
        rows = opened.execute(
            f"""SELECT name FROM (SELECT unnest(categories) AS name FROM {source(run_files(lake, run_id).complete)}
                                  WHERE NOT {is_one_of("prompt_set", benign_sets)})
                GROUP BY name ORDER BY count(*) DESC, name LIMIT {MOST_CATEGORIES}"""
        ).fetchall()
    return sorted(str(name) for (name,) in rows)


def write_label_page(lake: str | Path, sample: Sample, out: Path, *, categories: list[str]) -> LabelPage:
    """Write the page of a sample.

    It has neither prompts nor what any judge says in sight: labels are to be of the picture alone. (The verdict that a
    picture's stratum has is in the file's data, for the labels' weights.) The pictures are in it, blurred until they are asked for.

    Args:
        lake: that the sample was drawn from.
        sample: what is to be labelled.
        out: the HTML file; its folder is made if it is missing.
        categories: that a labeller may give a picture, `MOST_CATEGORIES` at most.

    Raises:
        InputError: too many categories, no picture that can be shown, or a file that cannot be written.
    """
    if len(categories) > MOST_CATEGORIES:
        raise InputError(f"--categories: {len(categories)} are given; allowed: {MOST_CATEGORIES}, one a digit key")
    pictures, unreadable = _pictures(lake, sample)
    if not pictures:
        raise InputError(f"run {sample.run_id!r}: none of the {len(sample.drawn)} pictures drawn can be shown")
    page = render_label_page(sample, pictures, categories)
    try:
        write_whole(out, page)
    except OSError as error:
        raise InputError(f"--out: cannot write {out}: {error.strerror or error}") from error
    return LabelPage(out, len(page.encode()), len(pictures), unreadable)


def render_label_page(sample: Sample, pictures: list[dict[str, Any]], categories: list[str]) -> str:
    """Return the page as one HTML document.

    Args:
        sample: what is labelled.
        pictures: in the order to show, each with trial_id, picture_sha256, image (data URI) and stratum (place among the sample's).
        categories: in the order of their keys.
    """
    strata = [
        {
            "stratum": "; ".join(f"{key}={value}" for key, value in zip(sample.keys, stratum.values, strict=True)),
            "stratum_verdict": dict(zip(sample.keys, stratum.values, strict=True)).get("verdict", ""),
            "population": stratum.population,
            "drawn": stratum.drawn,
        }
        for stratum in sample.strata
    ]
    return render_offline(
        TEMPLATES / "label.html.jinja",
        style=_template("label.css"),
        script=_template("label.js"),
        data={
            "run_id": sample.run_id,
            "sample": sample.name,
            "profile": sample.profile,
            "strata": strata,
            "pictures": pictures,
            "categories": categories,
            "verdicts": list(VERDICTS),
        },
        plotly=False,
        run_id=sample.run_id,
        sample=sample.name,
        count=len(pictures),
        categories=categories,
    )


def _pictures(lake: str | Path, sample: Sample) -> tuple[list[dict[str, Any]], int]:
    stratum = {one.trial_id: one.stratum for one in sample.drawn}
    files = run_files(lake, sample.run_id).complete
    found: dict[str, dict[str, Any]] = {}
    with connection() as opened:
        wanted = f"SELECT trial_id FROM {source(files)} WHERE {is_one_of('trial_id', stratum)}"
        for row in read_whole_trials(opened, files, wanted, ["trial_id", "picture"]):
            try:
                image = fit(row["picture"] or b"", LONGEST, lossless=LOSSLESS, quality=QUALITY)
            except PictureError:
                continue
            found[row["trial_id"]] = {
                "trial_id": row["trial_id"],
                "picture_sha256": sha256(row["picture"]).hexdigest(),
                "image": data_uri(image),
                "stratum": stratum[row["trial_id"]],
            }
    return [found[one.trial_id] for one in sample.drawn if one.trial_id in found], len(stratum) - len(found)


def _template(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")
