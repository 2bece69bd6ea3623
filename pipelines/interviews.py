"""Whom a run will ask, what, and who reads the answers: what the questions before a run are made of."""

from collections.abc import Iterable, Sequence

from safesweep.guidance.cell import Cell
from safesweep.scorers import ScorerSettings
from safesweep.vlm.base import VlmSettings
from safesweep.vlm.preflight import Interview
from safesweep.vlm.questions import same_question


def interviews(vlm: VlmSettings | None, cells: Iterable[Cell], scorers: Sequence[ScorerSettings]) -> list[Interview]:
    """Each different question to each VLM, once: those of the cells' methods to ``vlm``, those of the scorers to their own.

    Raises ``InputError`` for a question's file that is missing.
    """
    guiding = [Interview(vlm, asked, str) for cell in cells for asked in cell.guidance.questions()] if vlm else []
    judging = [
        Interview(judge, asked, scorer.read)
        for scorer in scorers
        for judge in scorer.vlms()
        for asked in scorer.questions()
    ]
    found: list[Interview] = []
    for one in (*guiding, *judging):
        if not any(one.vlm == other.vlm and same_question(one.question, other.question) for other in found):
            found.append(one)
    return found
