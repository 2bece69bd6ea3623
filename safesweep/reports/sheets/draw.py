"""Draws one contact sheet."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from PIL import Image, ImageDraw, ImageFont

from safesweep.reports.sheets.lettering import drawable, wrap, write_lines
from safesweep.reports.sheets.style import (
    GAP,
    GROUND,
    GUTTER,
    INK,
    LINE,
    LINES,
    MARGIN,
    MUTED,
    NARROWEST,
    OUTCOMES,
    RULE,
)
from safesweep.reports.sheets.tiles import trial_tile
from safesweep.reports.sheets.trials import ShownTrial


class Header(NamedTuple):
    """What stands above a column."""

    prompt_set: str
    words: str
    """The prompt, or its hash."""


def draw_sheet(
    title: str,
    notes: Sequence[str],
    trials: Sequence[ShownTrial | None],
    headers: Sequence[Header],
    side: int,
    blur: bool,
) -> Image.Image:
    """Draw one sheet, RGB.

    Args:
        title: the cell's name.
        notes: lines below it.
        trials: (columns,) one trial a column; None where the cell has none of this prompt.
        headers: (columns,) what stands above each; neighbours of one prompt set share its name.
        side: of a tile, pixels.
        blur: as in `write.write_contact_sheets`.
    """
    steps = sorted({step for trial in trials if trial for step in trial.steps})
    small, bold = ImageFont.load_default(size=13), ImageFont.load_default(size=22)
    width = max(2 * MARGIN + GUTTER + len(trials) * (side + GAP) - GAP, NARROWEST)
    room = width - 2 * MARGIN
    titles = wrap(title, bold, room, 3)
    lines = [line for note in notes for line in wrap(note, small, room, 3)]
    above = [wrap(header.words, small, side, LINES) for header in headers]
    below = [_answers(trial, small, side) if trial else [] for trial in trials]
    top = MARGIN + 30 * len(titles) + LINE * len(lines) + 16
    tiles = top + LINE + 8 + LINE * max(map(len, above), default=0) + 6
    answers = tiles + (len(steps) + 1) * (side + GAP) - GAP + 8
    verdicts = answers + LINE * max(map(len, below), default=0) + (4 if any(below) else 0)
    sheet = Image.new("RGB", (width, verdicts + 22 + MARGIN), GROUND)
    pen = ImageDraw.Draw(sheet)
    write_lines(pen, (MARGIN, MARGIN - 4), titles, bold, INK, 30)
    write_lines(pen, (MARGIN, MARGIN + 30 * len(titles)), lines, small, MUTED)
    starts = [i for i, header in enumerate(headers) if i == 0 or header.prompt_set != headers[i - 1].prompt_set]
    for start, end in zip(starts, [*starts[1:], len(headers)], strict=True):
        x, span = MARGIN + GUTTER + start * (side + GAP), (end - start) * (side + GAP) - GAP
        write_lines(pen, (x, top), wrap(headers[start].prompt_set, small, span, 1), small, MUTED)
        pen.line((x, top + LINE + 2, x + span - 1, top + LINE + 2), fill=RULE)
    for index, step in enumerate([*steps, None]):
        middle = tiles + index * (side + GAP) + side // 2
        pen.text((MARGIN, middle), "final" if step is None else f"step {step}", font=small, fill=MUTED, anchor="lm")
    for index, trial in enumerate(trials):
        x = MARGIN + GUTTER + index * (side + GAP)
        # Texts of unequal length end where the pictures begin.
        write_lines(pen, (x, tiles - 6 - LINE * len(above[index])), above[index], small, INK)
        for place, step in enumerate([*steps, None]):
            sheet.paste(trial_tile(trial, step, side, blur, small), (x, tiles + place * (side + GAP)))
        if trial is not None:
            write_lines(pen, (x, answers), below[index], small, INK)
            pen.rounded_rectangle((x, verdicts, x + side - 1, verdicts + 21), 4, fill=OUTCOMES[trial.outcome])
            pen.text((x + side // 2, verdicts + 11), trial.outcome, font=small, fill=(255, 255, 255), anchor="mm")
    return sheet


def _answers(trial: ShownTrial, font: Any, width: int) -> list[str]:
    """ "5: dagger · 9: nothing", in lines of `width` pixels that break between answers where they can."""
    answers = [f"{step}: {', '.join(trial.steps[step].terms) or 'nothing'}" for step in sorted(trial.steps)]
    lines: list[str] = []
    for answer in answers:
        joined = f"{lines[-1]} · {answer}" if lines else answer
        if lines and font.getlength(drawable(joined)) > width:
            lines.append(answer)
        else:
            lines[-1:] = [joined]
    return [part for line in lines for part in wrap(line, font, width, 2)]
