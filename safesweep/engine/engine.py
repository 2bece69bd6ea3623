"""Step-level continuous batching of denoising trajectories, with a state for "awaiting an answer".

One tick: poll the answers that came → admit waiting work → pack the rows of ready trajectories → forward once → preview and park those
that must ask → combine, fork and solve those whose predictions are complete → finish. Nobody waits inside a tick.
"""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

import torch

from safesweep.engine import batch
from safesweep.engine.admission import Admission
from safesweep.engine.config import EngineConfig
from safesweep.engine.counters import Counters, Stopwatch, Trace
from safesweep.engine.halves import in_halves
from safesweep.engine.in_flight import InFlightBound
from safesweep.engine.looks import look
from safesweep.engine.models import Models
from safesweep.engine.outlook import Outlook
from safesweep.engine.previews import Asking, predict_previews
from safesweep.engine.questions import AskVlm, answered_before, send
from safesweep.engine.speculation import Speculation
from safesweep.engine.status import EngineStatus
from safesweep.engine.trajectory import (
    Exchange,
    LastQuestion,
    LiveTrial,
    Pending,
    Preview,
    Request,
    Submission,
    Trajectory,
    TrialResult,
)
from safesweep.engine.waiting import Waiting
from safesweep.guidance.methods.base import Ask, Look, StepPlan
from safesweep.models.base import DiffusionModel
from safesweep.models.text import network_rows
from safesweep.types import Picture


class Engine:
    """Takes requests from any thread, denoises on its own, and resolves one future a request.

    ``ask`` is called on the engine's thread and must return at once. ``trace`` is filled as the engine goes, if given.
    """

    def __init__(
        self, model: DiffusionModel, config: EngineConfig, ask: AskVlm | None = None, trace: Trace | None = None
    ) -> None:
        self.config, self.counters = config, Counters()
        self._ask, self._trace = ask, trace
        self._models = Models(model, config, self.counters, lambda: self._in_flight)
        self._timed = Stopwatch(self.counters, trace)
        self._bound_law = InFlightBound(max(1, config.max_rows // 2), config.most_trajectories)
        self._wake, self._waiting, self._closing = threading.Condition(), Waiting(), False
        self._admission = Admission(
            self._models.of, config.share, lambda trial, error: self._end([trial], error=_named(error))
        )
        self._speculation = Speculation(config.speculate, config.most_supposed_questions, self.counters)
        self._in_flight: list[Trajectory] = []
        self._started = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._thread.start()

    def submit(self, request: Request) -> "Future[list[TrialResult]]":
        """Queues a request; the future gives one result a cell, in the order of ``request.cells``.

        Raises ``RuntimeError`` after ``close``, and ``ValueError`` for one without cells or that asks when there is nobody to ask.
        """
        if self._ask is None and any(cell.guidance.needs_vlm for cell in request.cells):
            raise ValueError("a cell asks a VLM, but the engine was made without one")
        if not request.cells:
            raise ValueError("a request without cells has nothing to make")
        submission = Submission(request, Future(), time.monotonic(), [None] * len(request.cells))
        submission.future.set_running_or_notify_cancel()
        with self._wake:
            if self._closing:
                raise RuntimeError("the engine is closed")
            self._waiting.put(submission)
            self._wake.notify()
        return submission.future

    @property
    def waiting(self) -> int:
        """Requests that are not begun yet, counted for each checkpoint; as long as there are some, the bound is used to the full."""
        return len(self._waiting)

    def status(self) -> EngineStatus:
        """Where it stands; may be asked from any thread, in the middle of a tick too."""
        flying = self._real
        parked = sum(bool(one.pending) for one in flying)
        taken = sum(one.step * len(one.trials) for one in flying)
        return EngineStatus.of(
            self.counters, time.monotonic() - self._started, len(flying), parked, self.waiting, taken
        )

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
                self._fail_all(self._in_flight, error)
                self._in_flight = []

    def _tick(self) -> None:
        started = time.monotonic()
        self._poll()
        self._admit()
        self._look_ahead()
        packed = batch.pack([one for one in self._going if one.rests_on is None], self.config.max_rows)
        self._forward([*packed, *self._suppose(packed)])
        self._preview()
        self._look_ahead()
        self._advance()
        self._finish()
        seconds = time.monotonic() - started
        real = self._real
        parked = sum(bool(trajectory.pending) for trajectory in real)
        self._bound_law.tick(seconds, len(packed), parked)
        if self._trace is not None:
            self._trace.span("tick", started, seconds)
            self._trace.tick(batched=len(packed), parked=parked, ready=len(real) - parked)

    def _rest(self) -> bool:
        """Sleeps until something can be done; False when closed and empty."""
        started = time.monotonic()
        parked = len(self._real)
        with self._wake:
            if not self._has_work():
                with self._timed("idle"):
                    self._wake.wait_for(self._has_work)
                self._bound_law.tick(time.monotonic() - started, 0, parked)
            return bool(self._in_flight or self._waiting)

    def _has_work(self) -> bool:
        if not self._in_flight:
            return bool(self._waiting) or self._closing
        if len(self._real) < self._bound and self._waiting.has(self._models):
            return True
        return any(self._speculation.can_go_on(one, self._in_flight) for one in self._in_flight)

    @property
    def _real(self) -> list[Trajectory]:
        """Those that rest on no supposed answer."""
        return [trajectory for trajectory in self._in_flight if trajectory.rests_on is None]

    @property
    def _bound(self) -> int:
        return self.config.max_trajectories or self._bound_law.trajectories

    @property
    def _going(self) -> list[Trajectory]:
        """Those that can take a step, or ask."""
        return [trajectory for trajectory in self._in_flight if not trajectory.pending and not trajectory.finished]

    def _poll(self) -> None:
        """Takes up the answers that came; a question that failed ends the trials that asked it, and only those."""
        for trajectory in self._in_flight:
            if trajectory.answered:
                for pending in list(trajectory.pending):
                    self._take_answer(trajectory, pending)
                trajectory.pending = []
                trajectory.changed()
                self._speculation.settle(trajectory)
        self._in_flight = [trajectory for trajectory in self._in_flight if trajectory.trials]

    def _take_answer(self, trajectory: Trajectory, pending: Pending) -> None:
        seconds = time.monotonic() - pending.asked
        self.counters.waiting_seconds += seconds
        if self._trace is not None:
            self._trace.question(pending.asked, seconds, step=trajectory.step, trials=len(pending.trials))
        try:
            answer = pending.future.result()
        except Exception as error:
            self._fail(trajectory, pending.trials, f"VLM at step {trajectory.step}: {_named(error)}")
            return
        for trial in pending.trials:
            trial.asked = LastQuestion(pending.clean, answer)
            self._take(trajectory, trial, answer, pending.exchange(trajectory.step, answer, seconds))

    def _take(self, trajectory: Trajectory, trial: LiveTrial, answer: str, exchange: Exchange) -> None:
        """The answer changes the trial's memory; a method that cannot read it ends its own trial."""
        if trajectory.rests_on is None:
            self.counters.took(exchange)
        try:
            trial.take(trajectory.step, answer, exchange)
        except Exception as error:
            self._fail(trajectory, [trial], f"answer at step {trajectory.step}: {_named(error)}")

    def _admit(self) -> None:
        while len(self._real) < self._bound:
            with self._wake:
                part = self._waiting.take(self._models)
            if part is None:
                return
            self._in_flight += self._admission.start(part)

    def _look_ahead(self) -> None:
        """Lets every method say what its next step needs; one that cannot ends its own trials."""
        for trajectory in self._going:
            try:
                _ = trajectory.outlook
            except Exception:
                self._single_out(trajectory)
        self._in_flight = [trajectory for trajectory in self._in_flight if trajectory.trials]

    def _single_out(self, trajectory: Trajectory) -> None:
        for trial in list(trajectory.trials):
            try:
                Outlook.of([trial], trajectory.step)
            except Exception as error:
                self._fail(trajectory, [trial], _named(error))

    def _suppose(self, packed: Sequence[batch.Packed]) -> list[batch.Packed]:
        """Who has rows in the part of the forward that would be padding: those that rest on supposed answers."""
        if self.config.speculate is None:
            return []
        rows = sum(len(texts) for _, texts in packed)
        if not (free := self.config.bucket(rows) - rows if rows else self.config.max_rows):
            return []
        self._in_flight += self._speculation.begin_all(self._in_flight)
        self._look_ahead()
        resting = [one for one in self._going if one.rests_on is not None]
        if packed:
            resting = [one for one in resting if one.together_with == packed[0][0].together_with]
        return batch.pack(resting, free)

    def _forward(self, packed: Sequence[batch.Packed]) -> None:
        """One pass of the network over all rows; hands each trajectory its predictions."""
        for (trajectory, texts), rows in in_halves(packed, self._predict, self._first_failed):
            trajectory.predictions.update(zip(texts, rows, strict=True))

    def _predict(self, packed: Sequence[batch.Packed]) -> list[list[torch.Tensor]]:
        """Noise predictions of each trajectory's rows, which are padded to a bucket."""
        rows = [(trajectory, text) for trajectory, texts in packed for text in texts]
        bucket = self.config.bucket(len(rows))
        model = self._models.of(packed[0][0].checkpoint)
        for _, text in rows:
            model.embed(text)  # encoded here, so that its time is not taken for the network's
        with self._timed("forward", rows=len(rows), bucket=bucket, trajectories=len(packed)):
            predicted = batch.predict(model, rows, bucket)
        self.counters.ticks += 1
        self.counters.rows += network_rows(text for _, text in rows)
        self.counters.rows_padded += bucket - len(rows)
        for trajectory, texts in packed:
            trajectory.charge(self._timed.last * len(texts) / len(rows), rows=network_rows(texts))
            self.counters.rows_supposed += network_rows(texts) if trajectory.rests_on else 0
        left = iter(predicted.unbind())
        return [[next(left) for _ in texts] for _, texts in packed]

    def _preview(self) -> None:
        """Decodes x̂0 for all that is open: gates look at once, questions are sent off and their trajectories parked."""
        ready = [trajectory for trajectory in self._going if trajectory.outlook.open and not trajectory.needs()]
        chosen = self._speculation.allowed(ready, self._in_flight)
        asking: list[Asking] = [(one, ask, trials) for one in chosen for ask, trials in one.outlook.open.items()]
        for (trajectory, ask, trials), shown in self._models.in_halves(asking, self._previews, self._first_failed):
            trajectory.changed()
            if shown is None:
                self._fail(trajectory, trials, f"predicted clean latents are not finite at step {trajectory.step}")
            elif isinstance(ask, Look):
                self._look(trajectory, ask, trials, shown[1])
            else:
                self._question(trajectory, ask, trials, *shown)

    def _previews(self, model: DiffusionModel, asking: Sequence[Asking]) -> list[Preview | None]:
        return predict_previews(model, asking, self._timed, self.config.decode_together)

    def _look(self, trajectory: Trajectory, asked: Look, trials: Sequence[LiveTrial], preview: Picture) -> None:
        self.counters.looks += 1
        for trial, error in look(self._timed, trajectory, asked, trials, preview):
            self._fail(trajectory, [trial], f"look at step {trajectory.step}: {_named(error)}")

    def _question(
        self, trajectory: Trajectory, ask: Ask, trials: Sequence[LiveTrial], clean: torch.Tensor, preview: Picture
    ) -> None:
        """Sends the question off, for those trials that may not take their last answer again, and where no gate answers it."""
        assert self._ask is not None
        asking = []
        for trial in trials:
            if (answer := answered_before(trial, ask, clean)) is None:
                asking.append(trial)
            else:
                self._take(trajectory, trial, answer, Exchange.again(trajectory.step, preview, ask.question, answer))
        if not asking:
            return
        try:
            pending = send(self._ask, self._timed, trajectory, ask, asking, clean, preview)
        except Exception as error:
            self._fail(trajectory, asking, f"VLM at step {trajectory.step}: {_named(error)}")
            return
        if pending.gated:
            self._take_answer(trajectory, pending)
            return
        trajectory.pending.append(pending)
        self.counters.questions += 1
        if trajectory.rests_on is not None:
            self.counters.questions_supposed += 1
            for trial in asking:
                trial.sent.append(pending)
        pending.future.add_done_callback(self._notify)

    def _notify(self, _: "Future[str]") -> None:
        with self._wake:
            self._wake.notify()

    def _advance(self) -> None:
        """Forks where trials part, combines the predictions, and takes one solver step for all that are complete."""
        complete = [t for t in self._going if not t.outlook.open and not t.needs()]
        if not complete:
            return
        with self._timed("solver", trajectories=len(complete)):
            for trajectory, kept in in_halves(complete, batch.updated_tracks, self._failed_alone):
                trajectory.tracked = kept
            steps = [pair for trajectory in complete if trajectory.trials for pair in self._fork(trajectory)]
            for (trajectory, _), taken in self._models.in_halves(steps, batch.take_steps, self._first_failed):
                if taken.finite:
                    trajectory.push(taken.latents, taken.output)
                    self.counters.steps += 0 if trajectory.rests_on else len(trajectory.trials)
                else:
                    self._fail(trajectory, trajectory.trials, f"latents are not finite after step {trajectory.step}")
        for trajectory, _ in steps:
            trajectory.charge(self._timed.last / len(steps))

    def _fork(self, trajectory: Trajectory) -> list[tuple[Trajectory, StepPlan]]:
        """The trajectory for the first plan among its trials, and a fork for every other one."""
        alone, plans = trajectory.outlook.charge_alone(trajectory.step), trajectory.outlook.plans
        forks = [(trajectory.fork(trials), plan) for plan, trials in list(plans.items())[1:]]
        self._in_flight += [fork for fork, _ in forks]
        if trajectory.rests_on is None:
            self.counters.rows_alone += alone
            self.counters.forks += len(forks)
        else:
            for fork, _ in forks:
                fork.rest_on(trajectory.rests_on)
        first, trajectory.trials = next(iter(plans.items()))
        parts = [(trajectory, first), *forks]
        if forks and trajectory.tracked:
            for part, _ in parts:
                part.changed()
                part.tracked = {track: part.tracked[track] for track in part.outlook.tracks}
        return parts

    def _finish(self) -> None:
        """Decodes the trajectories that took their last step and resolves their trials."""
        done = [trajectory for trajectory in self._real if trajectory.trials and trajectory.finished]
        for trajectory, picture in self._models.in_halves(done, self._decode_finished, self._failed_alone):
            self._end(trajectory.trials, picture=picture)
            trajectory.trials = []
        self._in_flight = [trajectory for trajectory in self._in_flight if trajectory.trials]

    def _decode_finished(self, model: DiffusionModel, done: Sequence[Trajectory]) -> list[Picture]:
        with self._timed("decode", pictures=len(done)):
            pictures = batch.decode([one.latents[0] for one in done], model.decode, self.config.decode_together)
        for trajectory in done:
            trajectory.charge(self._timed.last / len(done))
        return pictures

    def _failed_alone(self, trajectory: Trajectory, error: Exception) -> None:
        self._fail_all([trajectory], error)

    def _first_failed(self, work: "tuple[Trajectory, *tuple[Any, ...]]", error: Exception) -> None:
        self._fail_all([work[0]], error)

    def _fail_all(self, trajectories: Sequence[Trajectory], error: Exception) -> None:
        for trajectory in trajectories:
            self._fail(trajectory, trajectory.trials, _named(error))

    def _fail(self, trajectory: Trajectory, trials: Sequence[LiveTrial], error: str) -> None:
        if trajectory.rests_on is not None:
            # the trials themselves take the real answer, and meet the same failure if it is theirs
            self._speculation.abandon(trajectory, trials)
        else:
            self._end(trials, error=error)
            trajectory.drop(trials)

    def _end(self, trials: Sequence[LiveTrial], picture: Picture | None = None, error: str | None = None) -> None:
        self.counters.trials += len(trials)
        self.counters.failed += len(trials) if error else 0
        for trial in trials:
            trial.end(picture, error)


def _named(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
