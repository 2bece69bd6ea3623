"""Contact sheets: some of a run's pictures side by side, with what the VLM saw on the way and what the profile says."""

import io
import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from safesweep.lake.reader import connection, read_whole_trials, run_files, source
from safesweep.lake.sql import text
from safesweep.measures.profiles import Outcome, Profile, get_profile

Colour = tuple[int, int, int]
GROUND, EMPTY, RULE, FAILED = (250, 250, 247), (240, 240, 236), (205, 205, 200), (251, 233, 229)
INK, MUTED = (32, 33, 36), (112, 115, 120)
VERDICTS: dict[Outcome, Colour] = {"unsafe": (186, 36, 36), "safe": (30, 120, 66), "unscored": (104, 107, 112)}

SMALL_TILE, LARGE_TILE = 128, 192
MARGIN, GUTTER, GAP = 24, 54, 12
"""Pixels around the sheet, for the rows' names at its left, and between tiles."""
LINE, LINES = 17, 4
"""Height of a line of small text in pixels, and the most lines that a prompt may take."""
NARROWEST = 560
"""Least width in pixels, so that the title of a sheet with one column can be read."""

_COLUMNS = """
    WITH held AS (
        SELECT prompt_hash, seed, sample_index, prompt_set, any_value(coalesce(categories[1], '')) AS category,
               count(DISTINCT method) AS methods
        FROM {source} SEMI JOIN cells USING (method, cell) GROUP BY prompt_hash, seed, sample_index, prompt_set),
    one AS (
        SELECT *, md5({seed} || prompt_hash) AS draw FROM held
        QUALIFY row_number() OVER (PARTITION BY prompt_hash ORDER BY methods DESC, sample_index, seed, prompt_set) = 1),
    spread AS (
        SELECT *, row_number() OVER (PARTITION BY prompt_set, category ORDER BY methods DESC, draw) AS turn
        FROM one QUALIFY turn <= {columns}),
    mixed AS (
        SELECT *, row_number() OVER (PARTITION BY prompt_set ORDER BY turn, methods DESC, draw) AS place FROM spread)
    SELECT prompt_hash, seed, sample_index, prompt_set, draw FROM mixed
    ORDER BY place, prompt_set, draw LIMIT {columns}"""
"""The columns: one trial a prompt, prompt sets in turn and within a set its categories in turn, each in the order of a
seeded draw, but prompts that more methods have before those that fewer have."""


class Column(NamedTuple):
    """What stands above one another: one prompt with one seed and sample index."""

    prompt_hash: str
    seed: int
    sample_index: int


class Header(NamedTuple):
    """What stands above a column."""

    prompt_set: str
    words: str
    """The prompt, or its hash."""


class Step(NamedTuple):
    """One exchange, as it is shown."""

    preview: bytes | None
    terms: tuple[str, ...]
    """What the VLM named; empty when it saw nothing."""


@dataclass(frozen=True)
class Shown:
    """One trial, as it is shown."""

    prompt: str
    prompt_hash: str
    outcome: Outcome
    error: str | None
    """Why there is no picture; None when it was made."""
    picture: bytes | None
    steps: dict[int, Step]

    def blurred(self, step: int | None = None) -> bool:
        """Whether the preview at `step` (None: the picture) may show harm: all that is not known to be safe."""
        seen = step is not None and bool(self.steps[step].terms)
        return seen or self.outcome != "safe"


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
        blur: blur what is not known to be safe (pictures that the profile calls unsafe or cannot judge, their previews,
            and previews in which the VLM named a harm), and show hashes in place of prompt texts.
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
        cells = _choose_cells(opened, source(files))
        if not cells:
            return []
        chosen = choose_columns(opened, source(files), columns, seed)
        trials = _read_trials(opened, files, rule)
    # One tile size for all sheets, so that their columns meet.
    longest = max((_longest_side(trial.picture) for row in trials.values() for trial in row.values()), default=0)
    side = SMALL_TILE if longest <= SMALL_TILE else LARGE_TILE
    hidden = "blurred: all that is not known to be safe" if blur else "nothing blurred"
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


def draw_sheet(
    title: str, notes: Sequence[str], trials: Sequence[Shown | None], headers: Sequence[Header], side: int, blur: bool
) -> Image.Image:
    """Draw one sheet, RGB.

    Args:
        title: the cell's name.
        notes: lines below it.
        trials: (columns,) one trial a column; None where the cell has none of this prompt.
        headers: (columns,) what stands above each; neighbours of one prompt set share its name.
        side: of a tile, pixels.
        blur: as in `write_contact_sheets`.
    """
    steps = sorted({step for trial in trials if trial for step in trial.steps})
    small, bold = ImageFont.load_default(size=13), ImageFont.load_default(size=22)
    width = max(2 * MARGIN + GUTTER + len(trials) * (side + GAP) - GAP, NARROWEST)
    room = width - 2 * MARGIN
    titles = _wrap(title, bold, room, 3)
    lines = [line for note in notes for line in _wrap(note, small, room, 3)]
    above = [_wrap(header.words, small, side, LINES) for header in headers]
    below = [_answers(trial, small, side) if trial else [] for trial in trials]
    top = MARGIN + 30 * len(titles) + LINE * len(lines) + 16
    tiles = top + LINE + 8 + LINE * max(map(len, above), default=0) + 6
    answers = tiles + (len(steps) + 1) * (side + GAP) - GAP + 8
    verdicts = answers + LINE * max(map(len, below), default=0) + (4 if any(below) else 0)
    sheet = Image.new("RGB", (width, verdicts + 22 + MARGIN), GROUND)
    pen = ImageDraw.Draw(sheet)
    _write(pen, (MARGIN, MARGIN - 4), titles, bold, INK, 30)
    _write(pen, (MARGIN, MARGIN + 30 * len(titles)), lines, small, MUTED)
    starts = [i for i, header in enumerate(headers) if i == 0 or header.prompt_set != headers[i - 1].prompt_set]
    for start, end in zip(starts, [*starts[1:], len(headers)], strict=True):
        x, span = MARGIN + GUTTER + start * (side + GAP), (end - start) * (side + GAP) - GAP
        _write(pen, (x, top), _wrap(headers[start].prompt_set, small, span, 1), small, MUTED)
        pen.line((x, top + LINE + 2, x + span - 1, top + LINE + 2), fill=RULE)
    for index, step in enumerate([*steps, None]):
        middle = tiles + index * (side + GAP) + side // 2
        pen.text((MARGIN, middle), "final" if step is None else f"step {step}", font=small, fill=MUTED, anchor="lm")
    for index, trial in enumerate(trials):
        x = MARGIN + GUTTER + index * (side + GAP)
        # Texts of unequal length end where the pictures begin.
        _write(pen, (x, tiles - 6 - LINE * len(above[index])), above[index], small, INK)
        for place, step in enumerate([*steps, None]):
            sheet.paste(_cell_tile(trial, step, side, blur, small), (x, tiles + place * (side + GAP)))
        if trial is not None:
            _write(pen, (x, answers), below[index], small, INK)
            pen.rounded_rectangle((x, verdicts, x + side - 1, verdicts + 21), 4, fill=VERDICTS[trial.outcome])
            pen.text((x + side // 2, verdicts + 11), trial.outcome, font=small, fill=(255, 255, 255), anchor="mm")
    return sheet


def picture_tile(encoded: bytes, side: int, *, blur: bool) -> Image.Image:
    """Decode a picture and fit it into a square tile of `side` pixels, RGB, its shape kept and the rest pale.

    Small pictures grow by whole factors where that fills the tile, without smoothing. A blurred tile is made from 8 x 8
    averages, so that nothing finer can be won back from it.

    Raises:
        OSError: the bytes are no picture that Pillow can read.
    """
    with Image.open(io.BytesIO(encoded)) as opened:
        image = opened.convert("RGB")
    longest = max(image.size)
    size = (max(1, round(image.width * side / longest)), max(1, round(image.height * side / longest)))
    if blur:
        image = image.resize((8, 8), Image.Resampling.BOX).resize(size, Image.Resampling.BICUBIC)
        image = image.filter(ImageFilter.GaussianBlur(side / 24))
    else:
        whole = side % longest == 0
        image = image.resize(size, Image.Resampling.NEAREST if whole else Image.Resampling.LANCZOS)
    tile = Image.new("RGB", (side, side), EMPTY)
    tile.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
    return tile


def _cell_tile(trial: Shown | None, step: int | None, side: int, blur: bool, font: Any) -> Image.Image:
    if trial is None:
        return _text_tile("not in this run", side, EMPTY, font)
    if step is not None and step not in trial.steps:
        return _text_tile("not asked", side, EMPTY, font)
    if step is None and trial.error is not None:
        # Errors may quote the prompt.
        error = trial.error.replace(trial.prompt, trial.prompt_hash[:8]) if blur and trial.prompt else trial.error
        return _text_tile(error, side, FAILED, font)
    encoded = trial.picture if step is None else trial.steps[step].preview
    if not encoded:
        return _text_tile("no picture in the lake", side, FAILED, font)
    try:
        return picture_tile(encoded, side, blur=blur and trial.blurred(step))
    except OSError:
        return _text_tile("the picture cannot be read", side, FAILED, font)


def _text_tile(words: str, side: int, ground: Colour, font: Any) -> Image.Image:
    tile = Image.new("RGB", (side, side), ground)
    lines = _wrap(words, font, side - 16, (side - 16) // LINE)
    pen = ImageDraw.Draw(tile)
    for index, line in enumerate(lines):
        y = side / 2 + (index - (len(lines) - 1) / 2) * LINE
        pen.text((side / 2, y), line, font=font, fill=MUTED if ground == EMPTY else VERDICTS["unsafe"], anchor="mm")
    return tile


def _headers(trials: dict[str, dict[Column, Shown]], chosen: dict[Column, str], blur: bool) -> list[Header]:
    """The same for every method, whether or not it has made the picture."""
    prompts = {column: trial.prompt for row in trials.values() for column, trial in row.items()}
    words = {c: c.prompt_hash[:8] if blur else _drawable(prompts.get(c, ""), c.prompt_hash[:8]) for c in chosen}
    return [Header(prompt_set, words[column]) for column, prompt_set in chosen.items()]


def _answers(trial: Shown, font: Any, width: int) -> list[str]:
    """ "5: dagger · 9: nothing", in lines of `width` pixels that break between answers where they can."""
    answers = [f"{step}: {', '.join(trial.steps[step].terms) or 'nothing'}" for step in sorted(trial.steps)]
    lines: list[str] = []
    for answer in answers:
        joined = f"{lines[-1]} · {answer}" if lines else answer
        if lines and font.getlength(_drawable(joined)) > width:
            lines.append(answer)
        else:
            lines[-1:] = [joined]
    return [part for line in lines for part in _wrap(line, font, width, 2)]


# Pillow's own font, the only one that is on every machine, has little beyond ASCII.
_SPELT = str.maketrans({"–": "-", "—": "-", "−": "-", "×": "x", "’": "'", "‘": "'", "“": '"', "”": '"'})


def _drawable(words: str, instead: str = "") -> str:
    """`words` in letters that the font has: accents dropped, Greek spelt out, others "?"; `instead` if most are."""
    letters = []
    for letter in unicodedata.normalize("NFKD", words.translate(_SPELT)):
        name = unicodedata.name(letter, "").split()
        if letter in "·…±" or " " <= letter <= "~":
            letters.append(letter)
        elif name[:1] == ["GREEK"] and "LETTER" in name:
            letters.append(name[name.index("LETTER") + 1].lower())
        elif letter.isspace():
            letters.append(" ")
        elif not unicodedata.combining(letter):
            letters.append("?")
    if instead and letters.count("?") - words.count("?") > len(letters) / 2:
        return f"{instead} (in letters that cannot be drawn)"
    return "".join(letters)


def _wrap(words: str, font: Any, width: int, most: int) -> list[str]:
    """Break `words` into at most `most` lines of `width` pixels, cutting long words; "…" stands for an end left out."""
    lines: list[str] = []
    rest = " ".join(_drawable(words).split())
    while rest:
        fits = len(rest)
        if font.getlength(rest) > width:
            # Lengths grow with letters, so at least one letter and at most those that fit are taken.
            fits = next((n for n in range(1, len(rest) + 1) if font.getlength(rest[:n]) > width), len(rest) + 1) - 1
            fits = max(fits, 1)
        if fits < len(rest) and len(lines) == most - 1:
            while fits > 1 and font.getlength(rest[:fits].rstrip() + "…") > width:
                fits -= 1
            return [*lines, rest[:fits].rstrip() + "…"]
        if fits < len(rest) and rest[fits] != " " and " " in rest[:fits]:
            fits = rest.rindex(" ", 0, fits)
        lines.append(rest[:fits].rstrip())
        rest = rest[fits:].lstrip()
    return lines


def _write(
    pen: ImageDraw.ImageDraw, at: tuple[int, int], lines: Sequence[str], font: Any, ink: Colour, step: int = LINE
) -> None:
    for index, line in enumerate(lines):
        pen.text((at[0], at[1] + index * step), line, font=font, fill=ink)


def _longest_side(encoded: bytes | None) -> int:
    try:
        with Image.open(io.BytesIO(encoded or b"")) as image:
            return max(image.size)
    except OSError:
        return 0


_IDS = ("method", "prompt", "prompt_hash", "seed", "sample_index")
_READ = [*_IDS, "status", "error", "picture", "exchanges", "evidence"]


def _choose_cells(opened: duckdb.DuckDBPyConnection, trials: str) -> dict[str, tuple[str, int]]:
    """Make the table `cells`. Method -> (its cell of the largest negative_scale, the number of its cells)."""
    rows = opened.execute(
        f"SELECT method, cell, max(negative_scale), count(*) FROM {trials} GROUP BY method, cell"
    ).fetchall()
    # Among equals the one with most trials, then the first by name.
    rows.sort(key=lambda row: (row[0], math.inf if row[2] is None or math.isnan(row[2]) else -row[2], -row[3], row[1]))
    cells: dict[str, tuple[str, int]] = {}
    for method, cell, _, _ in rows:
        best, count = cells.get(method, (cell, 0))
        cells[method] = (best, count + 1)
    opened.execute("CREATE TEMP TABLE cells (method VARCHAR, cell VARCHAR)")
    for method, (cell, _) in cells.items():
        opened.execute("INSERT INTO cells VALUES (?, ?)", [method, cell])
    return cells


def choose_columns(opened: duckdb.DuckDBPyConnection, trials: str, columns: int, seed: int) -> dict[Column, str]:
    """Make the table `columns`. Column -> its prompt set, one set after the other."""
    query = _COLUMNS.format(source=trials, columns=columns, seed=text(f"{seed} "))
    opened.execute(f"CREATE TEMP TABLE columns AS {query}")
    rows = opened.execute(
        "SELECT prompt_hash, seed, sample_index, prompt_set FROM columns ORDER BY prompt_set, draw"
    ).fetchall()
    return {Column(*key): prompt_set or "" for *key, prompt_set in rows}


def _read_trials(
    opened: duckdb.DuckDBPyConnection, files: Sequence[Path], rule: Profile
) -> dict[str, dict[Column, Shown]]:
    """Method -> column -> its trial."""
    shown = f"""SELECT min(trial_id) FROM {source(files)} SEMI JOIN cells USING (method, cell)
                JOIN columns USING (prompt_hash, seed, sample_index) GROUP BY method, prompt_hash, seed, sample_index"""
    trials: dict[str, dict[Column, Shown]] = {}
    for row in read_whole_trials(opened, files, shown, _READ):
        column = Column(row["prompt_hash"], row["seed"], row["sample_index"])
        trials.setdefault(row["method"], {})[column] = Shown(
            prompt=row["prompt"] or "",
            prompt_hash=row["prompt_hash"],
            outcome=rule.judge(row["evidence"]).outcome,
            error=None if row["status"] == "ok" else row["error"] or row["status"] or "failed without a word",
            picture=row["picture"],
            steps={x["step"]: Step(x["preview"], tuple(x["terms"] or ())) for x in row["exchanges"] or ()},
        )
    return trials
