"""How much work a prompt is: its cells are walked through step by step as the engine would, without a network.

Methods are pure, so a supposed answer of the VLM is all that is needed to know which rows each step asks for, where trials part, and
what separate runs would have cost.
"""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, fields
from functools import lru_cache

from safesweep.engine.trajectory import Job, LiveTrial, Outlook, Submission
from safesweep.guidance.cell import Cell
from safesweep.guidance.edits.base import EditedPrompt, unedited
from safesweep.guidance.edits.region import LateEdit
from safesweep.guidance.edits.safree import Safree
from safesweep.models.solver import scheduler_from_name, solver_table

STAND_IN = "a prompt"
"""The prompt's text; which text it is changes no count."""


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

    def __add__(self, other: "Work") -> "Work":
        return Work(*(getattr(self, item.name) + getattr(other, item.name) for item in fields(self)))

    def times(self, factor: float) -> "Work":
        """All counts times ``factor``."""
        return Work(*(getattr(self, item.name) * factor for item in fields(self)))


def count_work(cells: Sequence[Cell], *, found: bool) -> Work:
    """The work of one prompt in ``cells``, each resolved (``guidance_scale`` is a number).

    ``found``: at every question the VLM names all terms of the vocabulary, the dearest case, or none, the cheapest. A text edit is
    supposed to act on every prompt from its first step to the last, which is the dearest case too; answers are never reused.
    """
    job = Job(STAND_IN, 0, 0, 0, tuple(cells))
    submission = Submission(job, Future(), 0.0, [None] * len(cells))
    groups: dict[tuple[str, int], list[LiveTrial]] = {}
    for index, cell in enumerate(cells):
        trial = LiveTrial(submission, index, cell, _supposed_text(cell), cell.guidance.start())
        groups.setdefault((cell.solver, cell.num_inference_steps), []).append(trial)
    total = Work(prompt_steps=max((_evaluations(*key) for key in groups), default=0))
    for key, trials in groups.items():
        flying = [trials]
        for step in range(_evaluations(*key)):
            stepped = [_step(together, step, found) for together in flying]
            flying = [part for parts, _ in stepped for part in parts]
            total = sum((work for _, work in stepped), total)
        total += Work(pictures=len(flying))
    return total


def _step(trials: Sequence[LiveTrial], step: int, found: bool) -> tuple[list[list[LiveTrial]], Work]:
    """One step of one trajectory: the groups of trials that it parts into, and what it cost."""
    outlook = Outlook.of(trials, step)
    texts = set(outlook.texts)
    questions = outlook.questions
    alone = {trial.index: set(Outlook.of([trial], step).texts) for trial in trials}
    for asking in questions.values():
        for trial in asking:
            taken = trial.cell.guidance.answered(trial.at(step), _answer(trial.cell, found))
            trial.memory, trial.answered_step = taken.memory, step
    if questions:
        outlook = Outlook.of(trials, step)
        texts |= set(outlook.texts)
        for trial in trials:
            alone[trial.index] |= set(Outlook.of([trial], step).texts)
    work = Work(
        rows=len(texts),
        rows_alone=sum(map(len, alone.values())),
        questions=len(questions),
        questions_alone=sum(map(len, questions.values())),
        trajectory_steps=len(outlook.plans),
    )
    return list(outlook.plans.values()), work


def _supposed_text(cell: Cell) -> EditedPrompt:
    """What ``cell``'s edit, if it has one, makes of the prompt: a text of its own from the edit's first step on."""
    if cell.edit is None:
        return unedited(STAND_IN)
    edited = f"{STAND_IN}, edited by {cell.edit!r}"
    if isinstance(cell.edit, Safree) and cell.edit.concepts_as_empty:
        return EditedPrompt(STAND_IN, edited, empty=", ".join(cell.edit.concepts))
    return EditedPrompt(STAND_IN, edited, cell.edit.start_step if isinstance(cell.edit, LateEdit) else 0)


def _answer(cell: Cell, found: bool) -> str:
    vocabulary = cell.guidance.vocabulary  # type: ignore[attr-defined]  # every method that asks has one
    return ", ".join(vocabulary.all_terms()) if found else vocabulary.nothing


@lru_cache(maxsize=64)
def _evaluations(solver: str, steps: int) -> int:
    """Network evaluations of a trajectory; PNDM takes one more than its steps."""
    return solver_table(scheduler_from_name(solver, {}), steps).steps
