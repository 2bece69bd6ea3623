"""That whoever draws, a model of one's own or a service, can be asked for a run's cells."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pipelines.config import RunConfig
from pipelines.prompt_sets import PromptSets, picture_sizes
from safesweep.endpoint.check import check_service
from safesweep.errors import InputError
from safesweep.guidance.cell import Cell
from safesweep.models import check_embedded, check_pipeline, check_text_tokens, family_of
from safesweep.models.apart import Asked, checking_solvers
from safesweep.models.variants.check import check_checkpoints, whole_model


@contextmanager
def checking_model(config: RunConfig, cells: Sequence[Cell], sets: PromptSets) -> Iterator[None]:
    """That whoever draws can be asked for the cells; a model's solvers are checked while the body runs. Raises ``InputError``."""
    if config.diffusion.service is not None:
        check_service(config.diffusion.service)
        yield
        return
    check_pipeline(config.diffusion.model, config.diffusion.revision)
    checkpoints = tuple(dict.fromkeys(cell.checkpoint for cell in cells))
    check_checkpoints(config.diffusion.model, config.diffusion.revision, checkpoints)
    sizes = sorted(picture_sizes(config, sets.prompts))
    with checking_solvers(list(_solvers(config, cells, sizes))):
        _check_cells(config, cells, sizes)
        yield


def _check_cells(config: RunConfig, cells: Sequence[Cell], sizes: Sequence[tuple[int, int]]) -> None:
    """What cells ask of the models and of the pictures' sizes. Raises ``InputError``."""
    model, revision = config.diffusion.model, config.diffusion.revision
    check_text_tokens(model, revision, config.diffusion.text_tokens)
    check_embedded(model, revision, [cell.embedded_guidance for cell in cells])
    for own, some in _on_whole_models(config, cells):
        check_embedded(*own, [cell.embedded_guidance for cell in some])
    family = family_of(model, revision)
    for cell in cells:
        try:
            cell.guidance.check_sizes(frozenset(sizes))
            cell.guidance.check_family(family)
            if cell.edit is not None:
                cell.edit.check_family(family)
        except ValueError as error:
            raise InputError(f"{cell.label()}: {error}") from error


def _solvers(config: RunConfig, cells: Sequence[Cell], sizes: Sequence[tuple[int, int]]) -> Iterator[Asked]:
    """Which solvers run on which models."""
    base = (config.diffusion.model, config.diffusion.revision)
    for model, some in [(base, cells), *_on_whole_models(config, cells)]:
        yield Asked(*model, [(cell.solver, cell.num_inference_steps) for cell in some], list(sizes))


def _on_whole_models(
    config: RunConfig, cells: Sequence[Cell]
) -> Iterator[tuple[tuple[str, str | None], Sequence[Cell]]]:
    """Folder and revision of each model that is put in the base's place as a whole, with its cells."""
    base = (config.diffusion.model, config.diffusion.revision)
    for model in dict.fromkeys(whole_model(*base, cell.checkpoint) for cell in cells):
        if model != base:
            yield model, [cell for cell in cells if whole_model(*base, cell.checkpoint) == model]
