"""The engine's nouns: a job and its trials, the trajectory that they share, the exchanges with the VLM, the results."""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from guidance.cell import Cell
from guidance.methods.base import Ask, At, StepPlan
from guidance.solver import SolverTable

Picture = NDArray[np.uint8]
"""[H, W, 3], RGB."""


@dataclass(frozen=True)
class Job:
    """One prompt at one seed, with all the cells that are wanted of it."""

    text: str
    seed: int
    width: int
    height: int
    cells: tuple[Cell, ...]
    """Each resolved: ``guidance_scale`` is a number."""


@dataclass(frozen=True)
class Exchange:
    """One question to the VLM and its answer."""

    step: int
    preview: Picture
    """The predicted clean picture that was asked about."""
    question: str
    answer: str
    terms: tuple[str, ...]
    seconds: float
    """From the question's leaving to the answer's being taken up."""
    shared_by: int
    """Trials that this one exchange served."""


@dataclass(frozen=True)
class TrialResult:
    """What became of one trial: a picture, or the error that ended it."""

    picture: Picture | None
    error: str | None
    exchanges: tuple[Exchange, ...]
    rows: float
    """Network rows computed for the trial; a row shared by n trials counts 1/n for each."""
    rows_alone: int
    """Network rows that the trial would have needed by itself."""
    compute_seconds: float
    """The trial's share of the engine's forward, solver and decoding time."""
    seconds: float
    """From submission to the end, waiting included."""


@dataclass
class Submission:
    """A job on its way: trials end one by one, the future resolves with the last of them."""

    job: Job
    future: Future[list[TrialResult]]
    submitted: float
    results: list[TrialResult | None]

    def finish(self, index: int, result: TrialResult) -> None:
        """Takes the result of trial ``index``."""
        self.results[index] = result
        done = [ended for ended in self.results if ended is not None]
        if len(done) == len(self.results):
            self.future.set_result(done)


@dataclass
class LiveTrial:
    """A trial that is being denoised."""

    submission: Submission
    index: int
    cell: Cell
    memory: Any
    answered_step: int = -1
    exchanges: list[Exchange] = field(default_factory=list)
    rows: float = 0.0
    rows_alone: int = 0
    compute_seconds: float = 0.0

    def at(self, step: int) -> At:
        """Where the trial stands, for its method."""
        assert self.cell.guidance_scale is not None
        job = self.submission.job
        return At(step, self.cell.num_inference_steps, job.text, self.cell.guidance_scale, self.memory)

    def plan(self, step: int) -> StepPlan:
        """What its next step needs."""
        return self.cell.guidance.plan(self.at(step))

    def open_question(self, step: int) -> Ask | None:
        """The question that its next step still waits for."""
        return None if self.answered_step == step else self.cell.guidance.ask(self.at(step))


@dataclass
class Pending:
    """A question on its way."""

    future: "Future[str]"
    preview: Picture
    asked: float


@dataclass
class Trajectory:
    """Latents in flight, shared by every trial that would take the same steps.

    Tensors are never changed in place, so a fork shares them. ``latents`` and ``outputs`` hold the solver's history, newest
    first, each [C, H, W] float32; ``predictions`` the noise predictions of the current step, by text.
    """

    trials: list[LiveTrial]
    table: SolverTable
    order: int
    step: int
    latents: list[torch.Tensor]
    outputs: list[torch.Tensor]
    predictions: dict[str, torch.Tensor] = field(default_factory=dict)
    pending: dict[Ask, Pending] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, ...]:
        """[C, H, W] of the latents."""
        return tuple(self.latents[0].shape)

    def open_questions(self) -> list[Ask]:
        """The different questions that its trials wait for at this step and that are not yet on their way."""
        asks = (trial.open_question(self.step) for trial in self.trials)
        return list(dict.fromkeys(ask for ask in asks if ask is not None and ask not in self.pending))

    def needs(self) -> tuple[str, ...]:
        """Texts of which this step still needs a noise prediction: first what the questions need, then what the plans need."""
        questions = self.open_questions()
        plans = [ask.plan for ask in questions] if questions else [trial.plan(self.step) for trial in self.trials]
        texts = dict.fromkeys(text for plan in plans for text in plan.texts)
        return tuple(text for text in texts if text not in self.predictions)

    def fork(self, trials: Sequence[LiveTrial], order: int) -> "Trajectory":
        """A trajectory for some of the trials, from here on its own."""
        return Trajectory(
            trials=list(trials),
            table=self.table,
            order=order,
            step=self.step,
            latents=list(self.latents),
            outputs=list(self.outputs),
            predictions=dict(self.predictions),
        )

    def charge(self, seconds: float, rows: int = 0) -> None:
        """Puts compute time and rows to the account of its trials, in equal shares."""
        for trial in self.trials:
            trial.compute_seconds += seconds / len(self.trials)
            trial.rows += rows / len(self.trials)

    def push(self, latents: torch.Tensor, output: torch.Tensor) -> None:
        """Takes a finished step: new latents, and the guided prediction that led to them."""
        depth = self.table.history
        self.outputs = [output, *self.outputs][:depth]
        self.latents = [latents, *self.latents][:depth]
        self.predictions = {}
        self.step += 1
