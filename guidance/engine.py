"""Step-level continuous batching of denoising trajectories, with a state for "awaiting an answer".

One tick: poll the answers that came → admit waiting work → pack the rows of ready trajectories → forward once → preview and park those
that must ask → combine, fork and solve those whose predictions are complete → finish. Nobody waits inside a tick.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

import torch

from guidance import batch
from guidance.counters import Counters, Stopwatch, Trace
from guidance.edits import Edit, EditedPrompt, unedited
from guidance.in_flight import InFlightBound
from guidance.methods.base import Ask, StepPlan
from guidance.model import DiffusionModel
from guidance.solver import solver_table
from guidance.text import Text
from guidance.trajectory import (
    Asked,
    Exchange,
    Job,
    LiveTrial,
    Pending,
    Picture,
    Submission,
    Trajectory,
    TrialResult,
)

AskVlm = Callable[[Picture, str], "Future[str]"]
"""Sends a picture and a question on their way; the future gives the raw answer, or the error after all retries."""


@dataclass(frozen=True)
class EngineConfig:
    """How much is batched and how much is in flight."""

    max_rows: int = 64
    """Network rows of one forward."""
    max_trajectories: int | None = None
    """Trajectories in flight; more work waits. ``None``: by Little's law from the times measured, see ``InFlightBound``."""
    most_trajectories: int = 512
    """What that law may ask for at most: a trajectory holds its latents and the solver's history."""
    reproducible: bool = False
    """Pad every forward to ``max_rows`` and decode one by one: a picture's bits then do not depend on its neighbours."""
    decode_batch: int = 16
    """Latents decoded together in the default mode."""
    share: bool = True
    """Let the trials of a job share a trajectory while they would take the same steps."""

    @property
    def buckets(self) -> tuple[int, ...]:
        """Padded batch sizes, ascending."""
        if self.reproducible:
            return (self.max_rows,)
        halves = [self.max_rows]
        while halves[0] > 4:
            halves.insert(0, (halves[0] + 1) // 2)
        return tuple(halves)


class Engine:
    """Takes jobs from any thread, denoises on its own, and resolves one future a job.

    ``ask`` is called on the engine's thread and must return at once. ``trace`` is filled as the engine goes, if given.
    """

    def __init__(
        self, model: DiffusionModel, config: EngineConfig, ask: AskVlm | None = None, trace: Trace | None = None
    ) -> None:
        self.config, self.counters = config, Counters()
        self._model, self._ask, self._trace = model, ask, trace
        self._timed = Stopwatch(self.counters, trace)
        self._in_flight = InFlightBound(max(1, config.max_rows // 2), config.most_trajectories)
        self._wake = threading.Condition()
        self._waiting: deque[Submission] = deque()
        self._closing = False
        self._flying: list[Trajectory] = []
        self._admitted = 0
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._thread.start()

    def submit(self, job: Job) -> "Future[list[TrialResult]]":
        """Queues a job; the future gives one result a cell, in the order of ``job.cells``.

        Raises ``RuntimeError`` after ``close``, and ``ValueError`` when a cell asks questions and the engine has nobody to ask.
        """
        if self._ask is None and any(cell.guidance.needs_vlm for cell in job.cells):
            raise ValueError("a cell asks a VLM, but the engine was made without one")
        submission = Submission(job, Future(), time.monotonic(), [None] * len(job.cells))
        submission.future.set_running_or_notify_cancel()
        with self._wake:
            if self._closing:
                raise RuntimeError("the engine is closed")
            self._waiting.append(submission)
            self._wake.notify()
        return submission.future

    def close(self) -> None:
        """Finishes what was submitted, then stops the thread."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()

    def _run(self) -> None:
        while self._rest():
            try:
                self._tick()
            except Exception as error:  # a defect must end trials with its name, never leave their futures hanging
                self._fail_all(self._flying, error)
                self._flying = []

    def _tick(self) -> None:
        started = time.monotonic()
        self._poll()
        self._admit()
        self._look_ahead()
        packed = self._pack()
        self._forward(packed)
        self._preview()
        self._advance()
        self._finish()
        parked = sum(1 for trajectory in self._flying if trajectory.pending)
        self._in_flight.tick(time.monotonic() - started, len(packed), parked)
        if self._trace is not None:
            self._trace.level(batched=len(packed), parked=parked, ready=len(self._flying) - parked)

    def _rest(self) -> bool:
        """Sleeps until something can be done; False when closed and empty."""
        started = time.monotonic()
        parked = len(self._flying)
        with self._wake:
            if not self._has_work():
                with self._timed("idle"):
                    self._wake.wait_for(self._has_work)
                self._in_flight.tick(time.monotonic() - started, 0, parked)
            return bool(self._flying or self._waiting)

    def _has_work(self) -> bool:
        if not self._flying:
            return bool(self._waiting) or self._closing
        if self._waiting and len(self._flying) < self._bound:
            return True
        return any(all(pending.future.done() for pending in trajectory.pending) for trajectory in self._flying)

    @property
    def _bound(self) -> int:
        return self.config.max_trajectories or self._in_flight.trajectories

    def _poll(self) -> None:
        """Takes up the answers that came; a question that failed ends the trials that asked it, and only those."""
        for trajectory in self._flying:
            if trajectory.pending and all(pending.future.done() for pending in trajectory.pending):
                arrived, trajectory.pending = trajectory.pending, []
                trajectory.changed()
                for pending in arrived:
                    self._take_answer(trajectory, pending)

    def _take_answer(self, trajectory: Trajectory, pending: Pending) -> None:
        seconds = time.monotonic() - pending.asked
        self.counters.waiting_seconds += seconds
        if self._trace is not None:
            self._trace.question(self.counters.questions, pending.asked, seconds, step=trajectory.step)
        try:
            answer = pending.future.result()
            for trial in pending.trials:
                trial.asked = Asked(pending.clean, answer)
                trial.take(trajectory.step, answer, pending.exchange(trajectory.step, answer, seconds))
                self.counters.questions_alone += 1
        except Exception as error:
            self._fail(trajectory, pending.trials, f"VLM at step {trajectory.step}: {_named(error)}")

    def _admit(self) -> None:
        while len(self._flying) < self._bound:
            with self._wake:
                if not self._waiting:
                    return
                submission = self._waiting.popleft()
            try:
                self._flying += self._start(submission)
            except Exception as error:
                job = submission.job
                trials = [LiveTrial(submission, i, cell, unedited(job.text), None) for i, cell in enumerate(job.cells)]
                self._end(trials, error=_named(error))

    def _start(self, submission: Submission) -> list[Trajectory]:
        """One trajectory for all trials that run on the same solver table; one each where nothing may be shared."""
        job = submission.job
        noise = self._model.initial_noise(job.seed, job.width, job.height)
        edited: dict[Edit | None, EditedPrompt] = {None: unedited(job.text)}
        groups: dict[object, list[LiveTrial]] = {}
        for index, cell in enumerate(job.cells):
            if cell.edit is not None and cell.edit not in edited:
                edited[cell.edit] = cell.edit.apply(self._model, job.text, job.seed)
            trial = LiveTrial(submission, index, cell, edited[cell.edit], cell.guidance.start())
            key = (cell.solver, cell.num_inference_steps) if self.config.share else index
            groups.setdefault(key, []).append(trial)
        started = []
        for trials in groups.values():
            cell = trials[0].cell
            table = solver_table(self._model.scheduler(cell.solver), cell.num_inference_steps)
            self._admitted += 1
            started.append(Trajectory(trials, table, self._admitted, 0, [noise * table.initial_scale], []))
        return started

    def _look_ahead(self) -> None:
        """Lets every method say what its next step needs; one that cannot ends its trajectory's trials."""
        for trajectory in self._flying:
            if not trajectory.pending:
                try:
                    _ = trajectory.outlook
                except Exception as error:
                    self._fail_all([trajectory], error)
        self._flying = [trajectory for trajectory in self._flying if trajectory.trials]

    def _pack(self) -> list[tuple[Trajectory, tuple[Text, ...]]]:
        """The trajectories of the next forward and the texts each needs: the most advanced first, of one size."""
        ready = [(t, t.needs()) for t in self._flying if not t.pending]
        ready = sorted((pair for pair in ready if pair[1]), key=lambda pair: (-pair[0].step, pair[0].order))
        packed: list[tuple[Trajectory, tuple[Text, ...]]] = []
        free = self.config.max_rows
        for trajectory, texts in ready:
            if trajectory.shape == ready[0][0].shape and (len(texts) <= free or not packed):
                packed.append((trajectory, texts))
                free -= len(texts)
        return packed

    def _forward(self, packed: Sequence[tuple[Trajectory, tuple[Text, ...]]]) -> None:
        """One pass of the network over all rows, padded to a bucket; hands each trajectory its predictions."""
        if not packed:
            return
        rows = [(trajectory, text) for trajectory, texts in packed for text in texts]
        bucket = next((size for size in self.config.buckets if size >= len(rows)), len(rows))
        try:
            with self._timed("forward", rows=len(rows), bucket=bucket, trajectories=len(packed)):
                predicted = batch.predict(self._model, rows, bucket)
                _wait_for(predicted)
        except Exception as error:
            self._fail_all([trajectory for trajectory, _ in packed], error)
            return
        for (trajectory, text), row in zip(rows, predicted, strict=False):
            trajectory.predictions[text] = row
        self.counters.ticks += 1
        self.counters.rows += len(rows)
        self.counters.rows_padded += bucket - len(rows)
        for trajectory, texts in packed:
            trajectory.charge(self._timed.last * len(texts) / len(rows), rows=len(texts))

    def _preview(self) -> None:
        """Decodes x̂0 for every new question and sends the questions off; their trajectories are parked."""
        asking = [
            (trajectory, ask, trials)
            for trajectory in self._flying
            if not trajectory.pending and not trajectory.needs()
            for ask, trials in trajectory.outlook.questions.items()
        ]
        if not asking:
            return
        with self._timed("decode", previews=len(asking)):
            clean = batch.predicted_clean([(trajectory, ask.plan) for trajectory, ask, _ in asking])
            previews = self._decode(clean, self._model.preview)
        for (trajectory, ask, trials), latents, preview in zip(asking, clean, previews, strict=True):
            trajectory.charge(self._timed.last / len(asking))
            trajectory.changed()
            self._question(trajectory, ask, trials, latents, preview)

    def _question(
        self, trajectory: Trajectory, ask: Ask, trials: Sequence[LiveTrial], clean: torch.Tensor, preview: Picture
    ) -> None:
        """Sends the question off, for those trials that may not take their last answer again."""
        assert self._ask is not None
        asking = []
        for trial in trials:
            if ask.reuse is None or trial.asked is None or _alike(clean, trial.asked.clean) < ask.reuse:
                asking.append(trial)
                continue
            answer = trial.asked.answer
            trial.take(trajectory.step, answer, Exchange.again(trajectory.step, preview, ask.question, answer))
            self.counters.questions_reused += 1
        if not asking:
            return
        future = self._ask(preview, ask.question)
        trajectory.pending.append(Pending(future, ask.question, asking, preview, clean, time.monotonic()))
        self.counters.questions += 1
        future.add_done_callback(self._notify)

    def _notify(self, _: "Future[str]") -> None:
        with self._wake:
            self._wake.notify()

    def _decode(
        self, latents: Sequence[torch.Tensor], decoder: Callable[[torch.Tensor, int], list[Picture]]
    ) -> list[Picture]:
        """Decoded pictures; latents of different sizes are batched apart."""
        pictures: dict[int, Picture] = {}
        at_once = 1 if self.config.reproducible else self.config.decode_batch
        for members in batch.groups_by_shape(latents):
            decoded = decoder(torch.stack([latents[index] for index in members]), at_once)
            pictures.update(zip(members, decoded, strict=True))
        return [pictures[index] for index in range(len(latents))]

    def _advance(self) -> None:
        """Forks where trials part, combines the predictions, and takes one solver step for all that are complete."""
        complete = [t for t in self._flying if not t.pending and not t.outlook.questions and not t.needs()]
        if not complete:
            return
        with self._timed("solver", trajectories=len(complete)):
            batch.update_tracks(complete)
            steps = [pair for trajectory in complete for pair in self._part(trajectory)]
            guided = batch.combine(steps)
            for trajectory in batch.take_steps([trajectory for trajectory, _ in steps], guided):
                self._fail(trajectory, trajectory.trials, f"latents are not finite after step {trajectory.step}")
        for trajectory, _ in steps:
            trajectory.charge(self._timed.last / len(steps))

    def _part(self, trajectory: Trajectory) -> list[tuple[Trajectory, StepPlan]]:
        """The trajectory for the first plan among its trials, and a fork for every other one."""
        plans = trajectory.outlook.plans
        for plan, trials in plans.items():
            for trial in trials:
                alone = trial.texts_alone(trajectory.step, plan)
                trial.rows_alone += alone
                self.counters.rows_alone += alone
        forks = [(trajectory.fork(trials), plan) for plan, trials in list(plans.items())[1:]]
        self._flying += [fork for fork, _ in forks]
        self.counters.forks += len(forks)
        first, trajectory.trials = next(iter(plans.items()))
        return [(trajectory, first), *forks]

    def _finish(self) -> None:
        """Decodes the trajectories that took their last step and resolves their trials."""
        done = [t for t in self._flying if t.trials and t.finished]
        if done:
            with self._timed("decode", pictures=len(done)):
                pictures = self._decode([trajectory.latents[0] for trajectory in done], self._model.decode)
            for trajectory, picture in zip(done, pictures, strict=True):
                trajectory.charge(self._timed.last / len(done))
                self._end(trajectory.trials, picture=picture)
                trajectory.trials = []
        self._flying = [trajectory for trajectory in self._flying if trajectory.trials]

    def _fail_all(self, trajectories: Sequence[Trajectory], error: Exception) -> None:
        for trajectory in trajectories:
            self._fail(trajectory, trajectory.trials, _named(error))

    def _fail(self, trajectory: Trajectory, trials: Sequence[LiveTrial], error: str) -> None:
        self._end(trials, error=error)
        trajectory.drop(trials)

    def _end(self, trials: Sequence[LiveTrial], picture: Picture | None = None, error: str | None = None) -> None:
        self.counters.trials += len(trials)
        self.counters.failed += len(trials) if error else 0
        for trial in trials:
            trial.end(picture, error)


def _named(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _alike(left: torch.Tensor, right: torch.Tensor) -> float:
    """Cosine similarity of two latents."""
    return float(torch.nn.functional.cosine_similarity(left.flatten(), right.flatten(), dim=0))


def _wait_for(computed: torch.Tensor) -> None:
    """Lets a GPU finish, so that the time of a forward is its own."""
    if computed.is_cuda:
        torch.cuda.synchronize(computed.device)
