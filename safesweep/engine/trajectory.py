"""The engine's nouns: a request and its trials, the trajectory that they share, the exchanges with the VLM, the results."""

import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import torch

from safesweep.engine.outlook import Outlook
from safesweep.guidance.cell import Cell
from safesweep.guidance.edits.base import EditedPrompt
from safesweep.guidance.methods.base import At, Looked, StepPlan, Track
from safesweep.models.solver import SolverTable
from safesweep.models.text import Text, network_rows
from safesweep.models.variants.checkpoint import Checkpoint
from safesweep.types import Picture
from safesweep.vlm.gating import Verdict

Preview = tuple[torch.Tensor, Picture]
"""Predicted clean latents [C, H, W] and what they decode to."""


@dataclass(frozen=True)
class Request:
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
    reused: bool = False
    """The VLM was not asked: the preview was like the last one asked about, and its answer was taken again."""
    verdict: Verdict | None = None
    """What a gate said of the preview, where one was shown it."""

    @property
    def gated(self) -> bool:
        """Whether the gate answered, and the VLM was not asked."""
        return self.verdict is not None and self.verdict.answers

    @classmethod
    def again(cls, step: int, preview: Picture, question: str, answer: str) -> "Exchange":
        """An exchange that takes the last answer again."""
        return cls(step, preview, question, answer, (), seconds=0.0, shared_by=1, reused=True)


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
    looks: tuple[Looked, ...] = ()
    """What a gate saw between the questions, where the method lets one look."""
    refusal: str | None = None
    """Why a service under test refused to draw; it is neither a picture nor an error."""
    unsent: bool = False
    """The service was not asked, for the run's budget is used up: the trial is left to do, and gets no row."""


@dataclass
class Submission:
    """A request on its way: trials end one by one, the future resolves with the last of them."""

    request: Request
    future: Future[list[TrialResult]]
    submitted: float
    results: list[TrialResult | None]

    def finish(self, index: int, result: TrialResult) -> None:
        """Takes the result of trial ``index``."""
        self.results[index] = result
        done = [ended for ended in self.results if ended is not None]
        if len(done) == len(self.results):
            self.future.set_result(done)


class LastQuestion(NamedTuple):
    """The last question that a trial really asked: the predicted clean latents [C, H, W] and what the VLM said."""

    clean: torch.Tensor
    answer: str


@dataclass(frozen=True, eq=False)
class Supposition:
    """What a copy of a parked trial was made from."""

    trial: "LiveTrial"
    asked: LastQuestion | None
    """The question on its way with the answer that is supposed; or the trial's last one, where it waits for none."""
    memory: Any
    """The trial's under that answer."""
    verbatim: bool
    """Whether the answer's words count, and not its meaning alone: they may be taken again at a later question."""


@dataclass
class LiveTrial:
    """A trial that is being denoised; or a copy of one, that goes on under a supposed answer and accounts for what it did since."""

    submission: Submission
    index: int
    cell: Cell
    text: EditedPrompt
    memory: Any
    levels: tuple[float, ...] = ()
    """Noise level of every network evaluation, from 1 (noise) to 0."""
    answered_step: int = -1
    looked_step: int = -1
    foreseen: tuple[Text, ...] = ()
    """What the step of the latest look was taken to need before it."""
    asked: LastQuestion | None = None
    exchanges: list[Exchange] = field(default_factory=list)
    looks: list[Looked] = field(default_factory=list)
    rows: float = 0.0
    rows_alone: int = 0
    compute_seconds: float = 0.0
    supposition: Supposition | None = None
    sent: "list[Pending]" = field(default_factory=list)
    """A copy's own questions."""

    def supposing(self, asked: LastQuestion | None, step: int | None) -> "LiveTrial":
        """A copy that has taken ``asked``'s answer to the question of ``step``; without a step it waits for none."""
        memory, guidance = self.memory, self.cell.guidance
        if step is not None and asked is not None:
            memory = guidance.answered(self.at(step), asked.answer).memory
        ask = guidance.ask(self.at(step)) if step is not None else None
        return LiveTrial(
            self.submission,
            self.index,
            self.cell,
            self.text,
            memory,
            self.levels,
            answered_step=self.answered_step if step is None else step,
            looked_step=self.looked_step,
            foreseen=self.foreseen,
            asked=asked,
            supposition=Supposition(self, asked, memory, verbatim=ask is not None and ask.reuse is not None),
        )

    def drawn_by(self, step: int) -> str:
        """What decides a draw at ``step``: the same for all that share the trajectory, whenever and wherever they run."""
        return f"{step} {self.submission.request.seed} {self.submission.request.text}"

    def at(self, step: int) -> At:
        """Where the trial stands, for its method."""
        assert self.cell.guidance_scale is not None
        return At(
            step=step,
            steps=self.cell.num_inference_steps,
            prompt=self.text.at(step),
            empty=self.text.empty,
            guidance_scale=self.cell.guidance_scale,
            memory=self.memory,
            levels=self.levels,
        )

    def take(self, step: int, answer: str, exchange: Exchange) -> None:
        """Takes up the ``answer`` to this step's question, which ``exchange`` records."""
        taken = self.cell.guidance.answered(self.at(step), answer)
        self.memory, self.answered_step = taken.memory, step
        self.exchanges.append(replace(exchange, terms=taken.terms))

    def look(self, step: int, probabilities: tuple[float, ...]) -> None:
        """Takes up what a gate saw at this step, one probability a term."""
        at, guidance = self.at(step), self.cell.guidance
        looked = guidance.looked(at, probabilities)
        self.foreseen, self.looked_step = guidance.plan(at).texts, step
        self.memory = looked.memory
        self.looks.append(looked)

    def texts_alone(self, step: int, plan: StepPlan) -> int:
        """Network rows that ``step`` would take if the trial were alone: of its plan, its track, the question and the look it had."""
        at, guidance = self.at(step), self.cell.guidance
        track = guidance.track(at)
        ask = guidance.ask(at) if self.answered_step == step else None
        look = guidance.look(at) if self.looked_step == step else None
        shown = [text for one in (ask, look) if one for text in one.plan.texts]
        foreseen = self.foreseen if look else ()
        return network_rows({*plan.texts, *(track.texts if track else ()), *shown, *foreseen})

    def end(self, picture: Picture | None, error: str | None) -> None:
        """Hands over its result."""
        result = TrialResult(
            picture=picture,
            error=error,
            exchanges=tuple(self.exchanges),
            rows=self.rows,
            rows_alone=self.rows_alone,
            compute_seconds=self.compute_seconds,
            seconds=time.monotonic() - self.submission.submitted,
            looks=tuple(self.looks),
        )
        self.submission.finish(self.index, result)


@dataclass
class Pending:
    """A question on its way."""

    future: "Future[str]"
    question: str
    trials: list[LiveTrial]
    preview: Picture
    clean: torch.Tensor
    asked: float
    verdict: Verdict | None = None
    """Of the gate that was shown the preview first."""
    confirmed: bool = False
    """Sent under a supposed answer that has turned out right."""

    @property
    def gated(self) -> bool:
        """Whether a gate answered it."""
        return self.verdict is not None and self.verdict.answers

    @property
    def failed(self) -> bool:
        """Whether it came back without an answer."""
        return self.future.done() and (self.future.cancelled() or self.future.exception() is not None)

    def exchange(self, step: int, answer: str, seconds: float) -> Exchange:
        """The record of this question and its answer."""
        return Exchange(
            step, self.preview, self.question, answer, (), seconds, shared_by=len(self.trials), verdict=self.verdict
        )


@dataclass
class Trajectory:
    """Latents in flight, shared by every trial that would take the same steps.

    Tensors are never changed in place, so a fork shares them. ``latents`` and ``outputs`` hold the solver's history, newest
    first, each [C, H, W] float32; ``predictions`` the noise predictions of the current step, by text, ``previews`` its pictures;
    ``tracked`` what methods carry along, [K, C, H, W] a track.
    """

    trials: list[LiveTrial]
    table: SolverTable
    order: int
    step: int
    latents: list[torch.Tensor]
    outputs: list[torch.Tensor]
    embedded: float | None = None
    """The guidance scale that the network takes as an input, where it does."""
    checkpoint: Checkpoint | None = None
    """What its network is beside the base; trajectories of different ones never share a batch."""
    predictions: dict[Text, torch.Tensor] = field(default_factory=dict)
    previews: dict[StepPlan, Preview] = field(default_factory=dict)
    tracked: dict[Track, torch.Tensor] = field(default_factory=dict)
    pending: list[Pending] = field(default_factory=list)
    rests_on: "Trajectory | None" = None
    """The parked trajectory whose supposed answers this one goes on under."""
    resting: "list[Trajectory]" = field(default_factory=list)
    """Those that go on under supposed answers to this one's questions."""
    tried: bool = False
    """Whether there is, or was, one resting on it at this step."""
    _outlook: Outlook | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """[C, H, W] of the latents."""
        return tuple(self.latents[0].shape)

    @property
    def together_with(self) -> tuple[tuple[int, ...], Checkpoint | None]:
        """What trajectories must have in common to share a forward."""
        return self.shape, self.checkpoint

    @property
    def finished(self) -> bool:
        """Whether the last step is taken."""
        return self.step == self.table.steps

    @property
    def answered(self) -> bool:
        """Whether all its answers are there; one that rests on supposed answers leaves a failure be until these turn out right."""
        done = bool(self.pending) and all(pending.future.done() for pending in self.pending)
        return done and (self.rests_on is None or not any(pending.failed for pending in self.pending))

    @property
    def asks(self) -> bool:
        """Whether it is known to need nothing but to ask a question."""
        return self._outlook is not None and bool(self._outlook.questions) and not self.needs()

    @property
    def outlook(self) -> Outlook:
        """What its trials want of the current step; worked out anew after ``changed``."""
        if self._outlook is None:
            self._outlook = Outlook.of(self.trials, self.step)
        return self._outlook

    def changed(self) -> None:
        """Its trials, their memories or its step are others now."""
        self._outlook = None

    def needs(self) -> tuple[Text, ...]:
        """Texts of which the step still needs a noise prediction."""
        return tuple(text for text in self.outlook.texts if text not in self.predictions)

    def drop(self, trials: Sequence[LiveTrial]) -> None:
        """Goes on without ``trials``."""
        gone = {id(trial) for trial in trials}
        self.trials = [trial for trial in self.trials if id(trial) not in gone]
        self.changed()

    def fork(self, trials: Sequence[LiveTrial]) -> "Trajectory":
        """A trajectory for some of the trials, from here on its own."""
        return Trajectory(
            trials=list(trials),
            table=self.table,
            order=self.order,
            step=self.step,
            latents=list(self.latents),
            outputs=list(self.outputs),
            embedded=self.embedded,
            checkpoint=self.checkpoint,
            predictions=dict(self.predictions),
            previews=dict(self.previews),
            tracked=dict(self.tracked),
        )

    def rest_on(self, parked: "Trajectory | None") -> None:
        """Goes on under supposed answers to the questions of ``parked`` from now on; with none, under real ones alone."""
        self.rests_on = parked
        if parked is not None:
            parked.resting.append(self)

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
        self.predictions, self.previews = {}, {}
        self.step += 1
        self.changed()
