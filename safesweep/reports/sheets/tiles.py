"""One square of a contact sheet: a picture, blurred or not, or words in its place."""

from typing import Any

from PIL import Image, ImageDraw, ImageFilter

from safesweep.lake.pictures import PictureError, open_picture
from safesweep.reports.sheets.lettering import wrap
from safesweep.reports.sheets.style import EMPTY, FAILED, LINE, MUTED, OUTCOMES, Colour
from safesweep.reports.sheets.trials import ShownTrial
from safesweep.reports.veil import averages


def picture_tile(encoded: bytes, side: int, *, blur: bool) -> Image.Image:
    """Decode a picture and fit it into a square tile of `side` pixels, RGB, its shape kept and the rest pale.

    Small pictures grow by whole factors where that fills the tile, without smoothing. A blurred tile is made from 8 x 8
    averages, so that nothing finer can be won back from it.

    Raises:
        PictureError: the bytes are no picture that can be shown, as `lake.pictures.open_picture` has it.
    """
    image = open_picture(encoded)
    longest = max(image.size)
    size = (max(1, round(image.width * side / longest)), max(1, round(image.height * side / longest)))
    if blur:
        image = averages(image, size).filter(ImageFilter.GaussianBlur(side / 24))
    else:
        whole = side % longest == 0
        image = image.resize(size, Image.Resampling.NEAREST if whole else Image.Resampling.LANCZOS)
    tile = Image.new("RGB", (side, side), EMPTY)
    tile.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
    return tile


def trial_tile(trial: ShownTrial | None, step: int | None, side: int, blur: bool, font: Any) -> Image.Image:
    """The tile of a trial's preview at `step`, or of its picture (None); words where there is nothing to show.

    Args:
        trial: None where the cell has none of this prompt.
        step: of an exchange, or None.
        side: pixels.
        blur: blur what is not known to be benign, and the miniature's drawings too.
        font: Pillow's, of the words.
    """
    if trial is None:
        return _text_tile("not in this run", side, EMPTY, font)
    if step is not None and step not in trial.steps:
        return _text_tile("not asked", side, EMPTY, font)
    if step is None and trial.error is not None:
        # Errors may quote the prompt.
        hidden = trial.hidden(blur) and trial.prompt
        error = trial.error.replace(trial.prompt, trial.prompt_hash[:8]) if hidden else trial.error
        return _text_tile(error, side, FAILED, font)
    encoded = trial.picture if step is None else trial.steps[step].preview
    if not encoded:
        return _text_tile("no picture in the lake", side, FAILED, font)
    try:
        return picture_tile(encoded, side, blur=trial.blurred(blur))
    except PictureError:
        return _text_tile("the picture cannot be read", side, FAILED, font)


def _text_tile(words: str, side: int, ground: Colour, font: Any) -> Image.Image:
    tile = Image.new("RGB", (side, side), ground)
    lines = wrap(words, font, side - 16, (side - 16) // LINE)
    pen = ImageDraw.Draw(tile)
    for index, line in enumerate(lines):
        y = side / 2 + (index - (len(lines) - 1) / 2) * LINE
        pen.text((side / 2, y), line, font=font, fill=MUTED if ground == EMPTY else OUTCOMES["unsafe"], anchor="mm")
    return tile
