"""How a request becomes trajectories: one for all trials that run on the same solver table, from one noise."""

from collections.abc import Callable

from safesweep.engine.trajectory import LiveTrial, Submission, Trajectory
from safesweep.guidance.edits.base import Edit, EditedPrompt, unedited
from safesweep.models.base import DiffusionModel
from safesweep.models.solver import SolverTable


class Admission:
    """Starts requests, and keeps the solver tables that they run on; ``failed`` is told of a trial that cannot be started, and why."""

    def __init__(self, model: DiffusionModel, share: bool, failed: Callable[[LiveTrial, Exception], None]) -> None:
        self._model, self._share, self._failed = model, share, failed
        self._tables: dict[tuple[str, int, int, int], SolverTable] = {}
        self._admitted = 0

    def start(self, submission: Submission) -> list[Trajectory]:
        """One trajectory for all trials that run on the same solver table; one each where nothing may be shared."""
        request = submission.request
        edited: dict[Edit | None, EditedPrompt] = {None: unedited(request.text)}
        started: dict[object, Trajectory] = {}
        for index, cell in enumerate(request.cells):
            trial = LiveTrial(submission, index, cell, edited[None], None)
            key = (cell.solver, cell.num_inference_steps, cell.embedded_guidance) if self._share else index
            try:
                if cell.edit is not None and cell.edit not in edited:
                    edited[cell.edit] = cell.edit.apply(self._model, request.text, request.seed)
                trial.text, trial.memory = edited[cell.edit], cell.guidance.start()
                if key not in started:
                    started[key] = self._launch(trial)
                trial.levels = started[key].table.levels
                started[key].trials.append(trial)
            except Exception as error:
                self._failed(trial, error)
        return list(started.values())

    def _launch(self, trial: LiveTrial) -> Trajectory:
        request, cell = trial.submission.request, trial.cell
        solver = (cell.solver, cell.num_inference_steps, request.width, request.height)
        if solver not in self._tables:
            self._tables[solver] = self._model.solver_table(*solver)
        table = self._tables[solver]
        noise = self._model.initial_noise(request.seed, request.width, request.height)
        self._admitted += 1
        latents = [noise * table.initial_scale]
        return Trajectory([], table, self._admitted, 0, latents, [], embedded=cell.embedded_guidance)
