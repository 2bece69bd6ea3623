"""How much work a prompt is: its cells are walked through step by step as the engine would, without a network.

Methods are pure, so a supposed answer of the VLM is all that is needed to know which rows each step asks for, where trials part, and
what separate runs would have cost.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, fields
from functools import lru_cache

from safesweep.engine.outlook import Outlook
from safesweep.engine.trajectory import LiveTrial, Request, Submission
from safesweep.guidance.cell import Cell
from safesweep.guidance.edits.base import unedited
from safesweep.guidance.methods.base import Ask
from safesweep.models.flow import flow_scheduler
from safesweep.models.probe import SUPPORTED
from safesweep.models.solver import scheduler_from_name, solver_table
from safesweep.models.text import network_rows

STAND_IN = "a prompt"
"""The prompt's text; which text it is changes no count."""
USUAL = {"clip_sample": False, "skip_prk_steps": True}
"""What the scheduler configs of released checkpoints say and the classes' defaults do not."""


@dataclass(frozen=True)
class Work:
    """Counts of one prompt at one seed, or sums over many; numbers are the engine's own counters."""

    rows: float = 0
    """Network rows."""
    rows_alone: float = 0
    """Network rows that separate runs of every trial would need."""
    questions: float = 0
    questions_alone: float = 0
    """Questions that separate runs would ask; also the exchanges that the lake keeps."""
    pictures: float = 0
    """Pictures decoded; trials that stayed on one trajectory share one."""
    trajectory_steps: float = 0
    """Steps taken, summed over trajectories."""
    prompt_steps: float = 0
    """Steps taken, summed over prompts: with ``trajectory_steps`` the mean number of trajectories of a prompt."""
    looks: float = 0
    """Previews that gates are shown without a question."""
    gated: float = 0
    """Of ``questions``: those that a gate is shown first."""
    saved: float = 0
    """Of these: as many as the gates' cards expect to save; 0 where a card has no numbers."""
    saved_low: float = 0
    saved_high: float = 0
    """With the cards' intervals, as if they all erred to the same side."""

    def __add__(self, other: "Work") -> "Work":
        return Work(*(getattr(self, item.name) + getattr(other, item.name) for item in fields(self)))

    def times(self, factor: float) -> "Work":
        """All counts times ``factor``."""
        return Work(*(getattr(self, item.name) * factor for item in fields(self)))


Levels = tuple[float, ...]
"""Noise level of each network evaluation of a picture, from 1 (noise) to 0: as many as there are (PNDM has one more than its steps)."""


@lru_cache(maxsize=64)
def usual_levels(solver: str, steps: int) -> Levels:
    """With the scheduler config that most checkpoints have."""
    if solver in SUPPORTED:
        return solver_table(scheduler_from_name(solver, {}, USUAL), steps).levels
    return solver_table(flow_scheduler(solver, {}), steps).levels


def count_work(cells: Sequence[Cell], *, found: bool, levels: Callable[[str, int], Levels] = usual_levels) -> Work:
    """The work of one prompt in ``cells``, each resolved (``guidance_scale`` is a number).

    ``found``: at every question the VLM names all terms of the vocabulary, the dearest case, or none, the cheapest. A text edit is
    supposed to act on every prompt from its first step to the last, which is the dearest case too; answers are never reused.
    ``levels`` of a solver at a number of steps: those of the model's own scheduler config at the prompt's size.
    """
    request = Request(STAND_IN, 0, 0, 0, tuple(cells))
    submission = Submission(request, Future(), 0.0, [None] * len(cells))
    groups: dict[tuple[object, ...], list[LiveTrial]] = {}
    for index, cell in enumerate(cells):
        text = unedited(STAND_IN) if cell.edit is None else cell.edit.supposed(STAND_IN)
        solver = cell.solver, cell.num_inference_steps
        trial = LiveTrial(submission, index, cell, text, cell.guidance.start(), levels(*solver))
        groups.setdefault((*solver, cell.embedded_guidance, cell.checkpoint), []).append(trial)
    total = Work(prompt_steps=max((len(trials[0].levels) for trials in groups.values()), default=0))
    for trials in groups.values():
        in_flight = [trials]
        for step in range(len(trials[0].levels)):
            stepped = [_step(together, step, found) for together in in_flight]
            in_flight = [part for parts, _ in stepped for part in parts]
            total = sum((work for _, work in stepped), total)
        total += Work(pictures=len(in_flight))
    return total


def _spared(ask: Ask) -> Work:
    """What a gate is expected to save of one question."""
    if ask.gating is None:
        return Work()
    share = ask.gating.expected()
    if share is None:
        return Work(gated=1)
    return Work(gated=1, saved=share.saved, saved_low=share.low, saved_high=share.high)


def _step(trials: Sequence[LiveTrial], step: int, found: bool) -> tuple[list[list[LiveTrial]], Work]:
    """One step of one trajectory: the groups of trials that it parts into, and what it cost."""
    outlook = Outlook.of(trials, step)
    texts = set(outlook.texts)
    asked = Work()
    while outlook.open:
        for ask, asking in outlook.questions.items():
            asked += Work(questions=1, questions_alone=len(asking)) + _spared(ask)
            for trial in asking:
                answer = trial.cell.guidance.answered(trial.at(step), trial.cell.guidance.supposed_answer(found))
                trial.memory, trial.answered_step = answer.memory, step
        for look, looking in outlook.looks.items():
            asked += Work(looks=1)
            for trial in looking:
                trial.look(step, (float(found),) * len(look.gate.config.terms))
        outlook = Outlook.of(trials, step)
        texts |= set(outlook.texts)
    work = Work(
        rows=network_rows(texts),
        rows_alone=outlook.charge_alone(step),
        trajectory_steps=len(outlook.plans),
    )
    return list(outlook.plans.values()), work + asked
