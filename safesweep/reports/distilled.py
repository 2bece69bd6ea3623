"""What a reader must know of cells whose network takes a guidance scale as an input."""

from collections.abc import Iterable

NOTE = (
    'Cells with "embedded=": guidance is distilled into the network. What negatives are measured from, its prediction for the empty '
    'prompt, is the distilled model on "", not an unconditional model.'
)


def distilled_notes(cells: Iterable[str]) -> list[str]:
    """The note where one of the cells, by their names, has an embedded scale; nothing otherwise."""
    return [NOTE] if any("embedded=" in cell for cell in cells) else []
