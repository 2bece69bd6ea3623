"""How a request becomes trajectories: one for all trials of a checkpoint that run on the same solver table, from one noise."""

from collections.abc import Callable

from safesweep.engine.trajectory import LiveTrial, Trajectory
from safesweep.engine.waiting import Part
from safesweep.guidance.edits.base import Edit, EditedPrompt, unedited
from safesweep.models.base import DiffusionModel
from safesweep.models.solver import SolverTable
from safesweep.models.variants.checkpoint import Checkpoint


class Admission:
    """Starts requests, and keeps the solver tables that they run on; ``failed`` is told of a trial that cannot be started, and why.

    ``model_of`` gives a checkpoint's model, which may fail.
    """

    def __init__(
        self,
        model_of: Callable[[Checkpoint | None], DiffusionModel],
        share: bool,
        failed: Callable[[LiveTrial, Exception], None],
    ) -> None:
        self._model_of, self._share, self._failed = model_of, share, failed
        self._tables: dict[tuple[Checkpoint | None, str, int, int, int], SolverTable] = {}
        self._admitted = 0

    def start(self, part: Part) -> list[Trajectory]:
        """One trajectory for all trials that run on the same solver table; one each where nothing may be shared."""
        request = part.submission.request
        edited: dict[Edit | None, EditedPrompt] = {None: unedited(request.text)}
        started: dict[object, Trajectory] = {}
        trials = [LiveTrial(part.submission, place, request.cells[place], edited[None], None) for place in part.places]
        try:
            model = self._model_of(part.checkpoint)
        except Exception as error:
            for trial in trials:
                self._failed(trial, error)
            return []
        for trial in trials:
            cell = trial.cell
            key = (cell.solver, cell.num_inference_steps, cell.embedded_guidance) if self._share else trial.index
            try:
                if cell.edit is not None and cell.edit not in edited:
                    edited[cell.edit] = cell.edit.apply(model, request.text, request.seed)
                trial.text, trial.memory = edited[cell.edit], cell.guidance.start()
                if key not in started:
                    started[key] = self._launch(trial, model)
                trial.levels = started[key].table.levels
                started[key].trials.append(trial)
            except Exception as error:
                self._failed(trial, error)
        return list(started.values())

    def _launch(self, trial: LiveTrial, model: DiffusionModel) -> Trajectory:
        request, cell = trial.submission.request, trial.cell
        solver = (cell.solver, cell.num_inference_steps, request.width, request.height)
        table = self._tables.get((cell.checkpoint, *solver))
        if table is None:
            table = self._tables[cell.checkpoint, *solver] = model.solver_table(*solver)
        noise = model.initial_noise(request.seed, request.width, request.height)
        self._admitted += 1
        return Trajectory(
            *([], table, self._admitted, 0, [noise * table.initial_scale], []),
            embedded=cell.embedded_guidance,
            checkpoint=cell.checkpoint,
        )
