"""Writes a run's contact sheets, one a method."""

import re
from pathlib import Path

from safesweep.lake.pictures import PictureError, open_picture
from safesweep.lake.reader import connection, run_files, source
from safesweep.measures.profiles import Profile, get_profile
from safesweep.reports.choosing import Column, choose_columns
from safesweep.reports.sheets.draw import Header, draw_sheet
from safesweep.reports.sheets.lettering import drawable
from safesweep.reports.sheets.trials import ShownTrial, choose_cells, read_trials

SMALL_TILE, LARGE_TILE = 128, 192
"""Sides in pixels; the large one where any picture is larger than the small."""


def write_contact_sheets(
    lake: Path,
    run_id: str,
    out: Path,
    *,
    columns: int = 8,
    blur: bool = True,
    seed: int = 0,
    profile: Profile | str,
    banner: str | None = None,
) -> list[Path]:
    """Write one PNG a method, `<out>/<method>.png`.

    Across stand the same prompts in every sheet, prompt sets in turn, so that sheets can be laid one above the other.
    Down stand the previews that the VLM was asked about, then the picture, then the VLM's answers and the verdict. Of
    several cells of a method the one with the largest negative_scale is shown. Equal arguments give equal bytes. Only
    the rows that are shown are held; all else is scanned, with duckdb's memory limited.

    Args:
        lake: the lake's folder.
        run_id: the run.
        out: a folder, made if it is missing.
        columns: prompts across, 1 or more; fewer are shown when the run has fewer.
        blur: blur the miniature's drawings as well where they are not known to be benign, and show hashes in place of their prompts.
            Whatever else made the pictures, all that is not known to be benign (see `veil`) is blurred and all prompts are hashes,
            also where this is false.
        seed: of the choice of prompts.
        profile: a profile or a registered name.
        banner: a line to stand below the title, or None.

    Returns:
        The files, sorted by method; none for a run without trials.

    Raises:
        FileNotFoundError, ValueError: as `safesweep.lake.reader.run_files`; an unknown profile; columns below 1.
    """
    if columns < 1:
        raise ValueError(f"columns is {columns}; 1 or more is allowed")
    rule = get_profile(profile)
    files = run_files(lake, run_id).complete
    if not files:
        return []
    with connection(ordered=True) as opened:
        cells = choose_cells(opened, source(files))
        if not cells:
            return []
        chosen = choose_columns(opened, source(files), columns, seed)
        trials = read_trials(opened, files, rule)
    # One tile size for all sheets, so that their columns meet.
    longest = max((_longest_side(trial.picture) for row in trials.values() for trial in row.values()), default=0)
    side = SMALL_TILE if longest <= SMALL_TILE else LARGE_TILE
    shown = [trial for row in trials.values() for trial in row.values()]
    blur = blur or not all(trial.own for trial in shown)
    hidden = "blurred: all that is not known to be benign" if blur else "nothing blurred"
    if broken := sum(map(unreadable, shown)):
        hidden += f"  ·  {broken} pictures or previews cannot be shown"
    out.mkdir(parents=True, exist_ok=True)
    paths = []
    for method, (cell, of) in sorted(cells.items()):
        title = cell if cell.startswith(method) else f"{method} {cell}"
        largest = f"  ·  largest negative scale of {of} cells" if of > 1 else ""
        notes = [f"run {run_id}  ·  profile {rule.name}  ·  {hidden}{largest}", *([banner] if banner else [])]
        row = trials.get(method, {})
        sheet = draw_sheet(
            title, notes, [row.get(column) for column in chosen], _headers(trials, chosen, blur), side, blur
        )
        paths.append(out / f"{re.sub(r'[^A-Za-z0-9._+-]', '_', method)}.png")
        sheet.save(paths[-1], format="PNG")
    return paths


def _headers(trials: dict[str, dict[Column, ShownTrial]], chosen: dict[Column, str], blur: bool) -> list[Header]:
    """The same for every method, whether or not it has made the picture."""
    prompts = {column: trial.prompt for row in trials.values() for column, trial in row.items()}
    words = {c: c.prompt_hash[:8] if blur else drawable(prompts.get(c, ""), c.prompt_hash[:8]) for c in chosen}
    return [Header(prompt_set, words[column]) for column, prompt_set in chosen.items()]


def unreadable(trial: ShownTrial) -> int:
    """How many of a trial's picture and previews are in the lake and cannot be shown."""
    held = [trial.picture, *(step.preview for step in trial.steps.values())]
    return sum(bool(encoded) and not _longest_side(encoded) for encoded in held)


def _longest_side(encoded: bytes | None) -> int:
    """0 for what cannot be shown."""
    try:
        return max(open_picture(encoded or b"").size)
    except PictureError:
        return 0
