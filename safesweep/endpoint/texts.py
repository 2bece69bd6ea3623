"""What a prompt's cells ask a service for."""

from collections.abc import Sequence

from safesweep.guidance.cell import Cell


def asked_texts(prompt: str, seed: int, cells: Sequence[Cell]) -> dict[str, list[int]]:
    """Text that is sent -> places of the cells that send it: equal texts at one seed and size are one request and one picture."""
    places: dict[str, list[int]] = {}
    for place, cell in enumerate(cells):
        text = prompt if cell.edit is None else cell.edit.rewritten(prompt, seed)
        places.setdefault(text, []).append(place)
    return places
