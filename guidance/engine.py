"""Step-level continuous batching of denoising trajectories, with a state for "awaiting an answer".

One tick: admit waiting work → pack the rows of ready trajectories → forward once → preview and park those that must ask → combine,
fork and solve those whose predictions are complete → finish. Nobody waits inside a tick: answers are polled at its start.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, fields

import torch

from guidance.methods.base import Ask, StepPlan
from guidance.model import DiffusionModel
from guidance.solver import SolverTable, solve, solver_table
from guidance.trajectory import (
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
    max_trajectories: int = 48
    """Trajectories in flight; more work waits. Little's law: rows a batch × (1 + VLM time × questions / denoising time)."""
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


@dataclass
class Counters:
    """What the engine has done so far; seconds are wall time of its thread."""

    ticks: int = 0
    rows: int = 0
    rows_padded: int = 0
    rows_alone: int = 0
    questions: int = 0
    questions_alone: int = 0
    trials: int = 0
    failed: int = 0
    forks: int = 0
    forward_seconds: float = 0.0
    solver_seconds: float = 0.0
    decode_seconds: float = 0.0
    idle_seconds: float = 0.0

    def as_dict(self) -> dict[str, float]:
        """Name -> value."""
        return {item.name: getattr(self, item.name) for item in fields(self)}


class Engine:
    """Takes jobs from any thread, denoises on its own, and resolves one future a job.

    ``ask`` is called on the engine's thread and must return at once.
    """

    def __init__(self, model: DiffusionModel, config: EngineConfig, ask: AskVlm | None = None) -> None:
        self.config, self.counters = config, Counters()
        self._model, self._ask = model, ask
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
                for trajectory in self._flying:
                    self._fail(trajectory, trajectory.trials, f"{type(error).__name__}: {error}")
                self._flying = []

    def _tick(self) -> None:
        self._poll()
        self._admit()
        self._forward(self._pack())
        self._preview()
        self._advance()
        self._finish()

    def _rest(self) -> bool:
        """Sleeps until something can be done; False when closed and empty."""
        started = time.monotonic()
        with self._wake:
            self._wake.wait_for(self._has_work)
            self.counters.idle_seconds += time.monotonic() - started
            return bool(self._flying or self._waiting)

    def _has_work(self) -> bool:
        if not self._flying:
            return bool(self._waiting) or self._closing
        if self._waiting and len(self._flying) < self.config.max_trajectories:
            return True
        return any(all(p.future.done() for p in trajectory.pending.values()) for trajectory in self._flying)

    def _poll(self) -> None:
        """Takes up the answers that came; a question that failed ends the trials that asked it, and only those."""
        for trajectory in [t for t in self._flying if t.pending]:
            if not all(pending.future.done() for pending in trajectory.pending.values()):
                continue
            arrived, trajectory.pending = trajectory.pending, {}
            for ask, pending in arrived.items():
                self._take_answer(trajectory, ask, pending)

    def _take_answer(self, trajectory: Trajectory, ask: Ask, pending: Pending) -> None:
        asking = [trial for trial in trajectory.trials if trial.open_question(trajectory.step) == ask]
        error = pending.future.exception()
        if error is not None:
            self._fail(trajectory, asking, f"VLM at step {trajectory.step}: {type(error).__name__}: {error}")
            return
        self.counters.questions_alone += len(asking)
        answer, seconds = pending.future.result(), time.monotonic() - pending.asked
        for trial in asking:
            taken = trial.cell.guidance.answered(trial.at(trajectory.step), answer)
            trial.memory, trial.answered_step = taken.memory, trajectory.step
            trial.exchanges.append(
                Exchange(
                    trajectory.step, pending.preview, ask.question, answer, taken.terms, seconds, shared_by=len(asking)
                )
            )

    def _admit(self) -> None:
        while len(self._flying) < self.config.max_trajectories:
            with self._wake:
                if not self._waiting:
                    return
                submission = self._waiting.popleft()
            try:
                self._flying += self._start(submission)
            except Exception as error:
                trials = [self._live(submission, index) for index in range(len(submission.job.cells))]
                self._end(trials, error=f"{type(error).__name__}: {error}")

    def _live(self, submission: Submission, index: int) -> LiveTrial:
        cell = submission.job.cells[index]
        return LiveTrial(submission, index, cell, cell.guidance.start())

    def _start(self, submission: Submission) -> list[Trajectory]:
        """One trajectory for all trials that run on the same solver table; one each where nothing may be shared."""
        job = submission.job
        noise = self._model.initial_noise(job.seed, job.width, job.height)
        groups: dict[object, list[LiveTrial]] = {}
        for index, cell in enumerate(job.cells):
            key = (cell.solver, cell.num_inference_steps) if self.config.share else index
            groups.setdefault(key, []).append(self._live(submission, index))
        started = []
        for trials in groups.values():
            table = self._table(trials[0])
            self._admitted += 1
            started.append(Trajectory(trials, table, self._admitted, 0, [noise * table.initial_scale], []))
        return started

    def _table(self, trial: LiveTrial) -> SolverTable:
        return solver_table(self._model.scheduler(trial.cell.solver), trial.cell.num_inference_steps)

    def _pack(self) -> list[tuple[Trajectory, tuple[str, ...]]]:
        """The trajectories of the next forward and the texts each needs: the most advanced first, of one size."""
        ready = [(t, t.needs()) for t in self._flying if not t.pending]
        ready = sorted((pair for pair in ready if pair[1]), key=lambda pair: (-pair[0].step, pair[0].order))
        packed: list[tuple[Trajectory, tuple[str, ...]]] = []
        free = self.config.max_rows
        for trajectory, texts in ready:
            if trajectory.shape != ready[0][0].shape:
                continue
            if len(texts) > free and packed:
                break
            packed.append((trajectory, texts))
            free -= len(texts)
        return packed

    def _forward(self, packed: Sequence[tuple[Trajectory, tuple[str, ...]]]) -> None:
        """One pass of the network over all rows, padded to a bucket; hands each trajectory its predictions."""
        if not packed:
            return
        started = time.monotonic()
        try:
            rows = [(trajectory, text) for trajectory, texts in packed for text in texts]
            predicted = self._predict(rows)
        except Exception as error:
            for trajectory, _ in packed:
                self._fail(trajectory, trajectory.trials, f"{type(error).__name__}: {error}")
            return
        for (trajectory, text), row in zip(rows, predicted, strict=False):
            trajectory.predictions[text] = row
        seconds = time.monotonic() - started
        self.counters.ticks += 1
        self.counters.rows += len(rows)
        self.counters.rows_padded += len(predicted) - len(rows)
        self.counters.forward_seconds += seconds
        for trajectory, texts in packed:
            trajectory.charge(seconds * len(texts) / len(rows), rows=len(texts))

    def _predict(self, rows: Sequence[tuple[Trajectory, str]]) -> torch.Tensor:
        bucket = next((size for size in self.config.buckets if size >= len(rows)), len(rows))
        padded = [*rows, *[rows[-1]] * (bucket - len(rows))]
        device = self._model.device
        scale = torch.stack([t.table.input_scale_S[t.step] for t, _ in padded]).to(device)
        latents = torch.stack([t.latents[0] for t, _ in padded]) * scale[:, None, None, None]
        timesteps = torch.stack([t.table.timesteps_S[t.step] for t, _ in padded]).to(device)
        return self._model.noise(latents, timesteps, self._model.embeddings([text for _, text in padded]))

    def _preview(self) -> None:
        """Decodes x̂0 for every new question and sends the questions off; their trajectories are parked."""
        asking = [
            (trajectory, ask)
            for trajectory in self._flying
            if not trajectory.pending
            for ask in trajectory.open_questions()
            if all(text in trajectory.predictions for text in ask.plan.texts)
        ]
        if not asking:
            return
        started = time.monotonic()
        guided = self._combine([(trajectory, ask.plan) for trajectory, ask in asking])
        clean = [
            t.latents[0] * t.table.clean_latents_S[t.step].item() + output * t.table.clean_output_S[t.step].item()
            for (t, _), output in zip(asking, guided, strict=True)
        ]
        previews = self._decode(clean)
        seconds = time.monotonic() - started
        self.counters.decode_seconds += seconds
        assert self._ask is not None
        for (trajectory, ask), preview in zip(asking, previews, strict=True):
            future = self._ask(preview, ask.question)
            trajectory.pending[ask] = Pending(future, preview, time.monotonic())
            self.counters.questions += 1
            trajectory.charge(seconds / len(asking))
            future.add_done_callback(self._notify)

    def _notify(self, _: "Future[str]") -> None:
        with self._wake:
            self._wake.notify()

    def _decode(self, latents: Sequence[torch.Tensor]) -> list[Picture]:
        """Decoded pictures; latents of different sizes are batched apart."""
        pictures: dict[int, Picture] = {}
        by_shape: dict[tuple[int, ...], list[int]] = {}
        for index, tensor in enumerate(latents):
            by_shape.setdefault(tuple(tensor.shape), []).append(index)
        batch = 1 if self.config.reproducible else self.config.decode_batch
        for members in by_shape.values():
            decoded = self._model.decode(torch.stack([latents[index] for index in members]), batch)
            pictures.update(zip(members, decoded, strict=True))
        return [pictures[index] for index in range(len(latents))]

    def _advance(self) -> None:
        """Forks where trials part, combines the predictions, and takes one solver step for all that are complete."""
        complete = [t for t in self._flying if t.trials and not t.pending and not t.open_questions() and not t.needs()]
        if not complete:
            return
        started = time.monotonic()
        steps = [pair for trajectory in complete for pair in self._part(trajectory)]
        guided = self._combine(steps)
        by_shape: dict[tuple[int, ...], list[int]] = {}
        for index, (trajectory, _) in enumerate(steps):
            by_shape.setdefault(trajectory.shape, []).append(index)
        for members in by_shape.values():
            self._solve([steps[index][0] for index in members], [guided[index] for index in members])
        seconds = time.monotonic() - started
        self.counters.solver_seconds += seconds
        for trajectory, _ in steps:
            trajectory.charge(seconds / len(steps))

    def _part(self, trajectory: Trajectory) -> list[tuple[Trajectory, StepPlan]]:
        """The trajectory for the first plan among its trials, and a fork for every other one."""
        by_plan: dict[StepPlan, list[LiveTrial]] = {}
        for trial in trajectory.trials:
            plan = trial.plan(trajectory.step)
            alone = set(plan.texts)
            if trial.answered_step == trajectory.step:
                asked = trial.cell.guidance.ask(trial.at(trajectory.step))
                alone |= set(asked.plan.texts) if asked else set()
            trial.rows_alone += len(alone)
            self.counters.rows_alone += len(alone)
            by_plan.setdefault(plan, []).append(trial)
        parted = []
        for number, (plan, trials) in enumerate(by_plan.items()):
            if number == 0:
                mine = trajectory
            else:
                mine = trajectory.fork(trials, trajectory.order)
                self._flying.append(mine)
                self.counters.forks += 1
            parted.append((mine, plan))
        trajectory.trials = next(iter(by_plan.values()))
        return parted

    def _combine(self, steps: Sequence[tuple[Trajectory, StepPlan]]) -> list[torch.Tensor]:
        """Guided predictions, one [C, H, W] a step; plans of one form are combined in one expression, whatever their numbers."""
        guided: dict[int, torch.Tensor] = {}
        groups: dict[object, list[int]] = {}
        for index, (trajectory, plan) in enumerate(steps):
            groups.setdefault((plan.combine, len(plan.texts), trajectory.shape), []).append(index)
        for members in groups.values():
            first = steps[members[0]][1]
            eps = tuple(
                torch.stack([steps[index][0].predictions[steps[index][1].texts[place]] for index in members])
                for place in range(len(first.texts))
            )
            numbers = torch.tensor([steps[index][1].scales for index in members], device=eps[0].device)
            scales = tuple(numbers[:, place, None, None, None] for place in range(numbers.shape[1]))
            guided.update(zip(members, first.combine(eps, scales).unbind(), strict=True))
        return [guided[index] for index in range(len(steps))]

    def _solve(self, trajectories: Sequence[Trajectory], guided: Sequence[torch.Tensor]) -> None:
        depth = max(trajectory.table.history for trajectory in trajectories)
        device = self._model.device

        def weights(name: str) -> torch.Tensor:
            rows = [getattr(t.table, name)[t.step] for t in trajectories]
            return torch.stack([torch.nn.functional.pad(row, (0, depth - len(row))) for row in rows]).to(device)

        def history(newest_first: list[torch.Tensor]) -> torch.Tensor:
            return torch.stack([newest_first[min(back, len(newest_first) - 1)] for back in range(depth)])

        latents = torch.stack([history(t.latents) for t in trajectories])
        outputs = torch.stack([history([new, *t.outputs]) for t, new in zip(trajectories, guided, strict=True)])
        stepped = solve(latents, outputs, weights("latents_SK"), weights("outputs_SK"))
        finite = torch.isfinite(stepped).flatten(1).all(dim=1).tolist()
        for trajectory, new, output, good in zip(trajectories, stepped.unbind(), guided, finite, strict=True):
            if good:
                trajectory.push(new, output)
            else:
                self._fail(trajectory, trajectory.trials, f"latents are not finite after step {trajectory.step}")

    def _finish(self) -> None:
        """Decodes the trajectories that took their last step and resolves their trials."""
        done = [t for t in self._flying if t.trials and t.step == t.table.steps]
        if done:
            started = time.monotonic()
            pictures = self._decode([trajectory.latents[0] for trajectory in done])
            seconds = time.monotonic() - started
            self.counters.decode_seconds += seconds
            for trajectory, picture in zip(done, pictures, strict=True):
                trajectory.charge(seconds / len(done))
                self._end(trajectory.trials, picture=picture)
                trajectory.trials = []
        self._flying = [trajectory for trajectory in self._flying if trajectory.trials]

    def _fail(self, trajectory: Trajectory, trials: Sequence[LiveTrial], error: str) -> None:
        self._end(trials, error=error)
        ended = {id(trial) for trial in trials}
        trajectory.trials = [trial for trial in trajectory.trials if id(trial) not in ended]

    def _end(self, trials: Sequence[LiveTrial], picture: Picture | None = None, error: str | None = None) -> None:
        self.counters.trials += len(trials)
        self.counters.failed += len(trials) if error else 0
        for trial in trials:
            result = TrialResult(
                picture=picture,
                error=error,
                exchanges=tuple(trial.exchanges),
                rows=trial.rows,
                rows_alone=trial.rows_alone,
                compute_seconds=trial.compute_seconds,
                seconds=time.monotonic() - trial.submission.submitted,
            )
            trial.submission.finish(trial.index, result)
