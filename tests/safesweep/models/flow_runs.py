"""What the tests of flow-matching families have in common: fixtures, prompts, cells, requests of two sizes at once."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import DiffusionPipeline

from safesweep.engine.config import EngineConfig
from safesweep.engine.trajectory import Request
from safesweep.guidance.cell import Cell
from safesweep.guidance.edits.base import Edit
from safesweep.models import check_pipeline, check_solvers
from safesweep.models.base import DiffusionModel
from tests.safesweep.engine_runs import final_latents
from tests.safesweep.flow_reference import FlowSchedulers, linear_sigmas
from tests.safesweep.reference import denoise
from tests.safesweep.tiny import at_once, glance

EULER = "FlowMatchEulerDiscreteScheduler"
EXACT = EngineConfig(max_rows=8, reproducible=True)
NEGATIVE = "dagger, flame"
ASKED: tuple[tuple[str, int, int], ...] = (("a red circle", 48, 32), ("a blue key and a green leaf", 32, 32))
"""Prompts with their widths and heights; they are in flight together."""
SEED = 7
METHODS = {
    "none": {},
    "negative_prompt": {"negative_prompt": NEGATIVE},
    "static_negative": {"negative_prompt": NEGATIVE, "negative_scale": 2.0},
    "perp_neg": {"negative_prompt": NEGATIVE, "negative_scale": 2.0},
    "crg": {"negative_prompt": NEGATIVE, "negative_scale": 3.0, "threshold": -1.0},
    "dng": {"negative_prompt": NEGATIVE, "negative_scale": 3.0, "prior": 0.2},
    "sld": {"concept": NEGATIVE, "warmup_steps": 1, "safety_scale": 40.0, "threshold": 0.02},
    "dynamic_negative": {"vocabulary": "miniature", "negative_scale": 5.0, "query_levels": (0.9, 0.6)},
}
"""Every method, with numbers that act within a few steps."""


def cell(
    method: str = "none",
    steps: int = 5,
    g: float = 4.0,
    *,
    solver: str = EULER,
    embedded: float | None = None,
    edit: Edit | None = None,
) -> Cell:
    guidance = {"method": method, **METHODS[method]}
    return Cell(
        guidance=guidance,
        edit=edit,
        guidance_scale=g,
        embedded_guidance=embedded,
        solver=solver,
        num_inference_steps=steps,
    )


def guided_cells() -> list[Cell]:
    """One row a step, two, and two with a negative; each at two step counts."""
    scales = (("none", 1.0), ("none", 3.0), ("negative_prompt", 3.0))
    return [cell(method, steps, g) for method, g in scales for steps in (3, 5)]


def requests(*cells: Cell) -> list[Request]:
    return [Request(prompt, SEED, width, height, cells) for prompt, width, height in ASKED]


def run(model: DiffusionModel, *cells: Cell, config: EngineConfig = EXACT) -> list[list[torch.Tensor]]:
    """Final latents, a list of one a cell for each of the requests."""
    return final_latents(model, requests(*cells), config, at_once)


def family_fixtures(pipeline: Callable[[], DiffusionPipeline], family: type[DiffusionModel]) -> tuple[Any, Any]:
    """The fixtures ``pipe`` and ``model`` of a family's test module: a tiny random pipeline, and the family's model of it."""

    @pytest.fixture(scope="module")
    def pipe() -> DiffusionPipeline:
        return pipeline()

    @pytest.fixture(scope="module")
    def model(pipe: DiffusionPipeline) -> DiffusionModel:
        return family(pipe)

    return pipe, model


def same(got: torch.Tensor, wanted: torch.Tensor) -> bool:
    return bool((got - wanted).abs().max() <= 1e-5 * max(1.0, float(wanted.abs().max())))


def asked(request: Request, one: Cell) -> dict[str, Any]:
    """What every family's pipeline is called with, for one cell of a request."""
    return {
        "num_inference_steps": one.num_inference_steps,
        "width": request.width,
        "height": request.height,
        "generator": torch.Generator().manual_seed(request.seed),
    }


def assert_pictures_are_the_pipelines(
    model: DiffusionModel,
    cells: list[Cell],
    pipeline: Callable[[Request, Cell, str], torch.Tensor | np.ndarray],
    config: EngineConfig = EXACT,
) -> None:
    """All ``cells`` of both requests in one engine against diffusers' pipeline, latents and finished pictures.

    ``pipeline``: of a request, a cell, and ``latent`` or ``np``: latents [C, H, W], or the picture [H, W, 3] in [0, 1].
    """
    for request, made in zip(requests(*cells), run(model, *cells, config=config), strict=True):
        for one, got in zip(cells, made, strict=True):
            assert same(got, pipeline(request, one, "latent")), one.label()
            [picture] = model.decode(got[None], 1)
            assert picture.std() > 2 and np.abs(picture / 255 - pipeline(request, one, "np")).max() <= 1 / 255


def assert_every_method_is_the_reference(
    model: DiffusionModel,
    pipe: DiffusionPipeline,
    given: Callable[[Request, Cell], dict[str, Any]],
    finish: Callable[[torch.Tensor, torch.Tensor], torch.Tensor] | None = None,
    **options: Any,
) -> None:
    """All methods, two sizes and two step counts in one engine, against the slow loop with the scheduler of ``pipe``.

    ``given``: what the pipeline further gives to ``set_timesteps``. All methods that negate must differ from *none*.
    """
    cells = tuple(cell(method, steps, **options) for method in METHODS for steps in (3, 5))
    for request, made in zip(requests(*cells), run(model, *cells), strict=True):
        plain = dict(zip((one.num_inference_steps for one in cells[:2]), made[:2], strict=True))
        for one, got in zip(cells, made, strict=True):
            scheduler = type(pipe.scheduler).from_config(pipe.scheduler.config)
            arithmetic = FlowSchedulers(model, one, scheduler, **given(request, one))
            wanted = denoise(model, request, one, arithmetic, glance, **({"finish": finish} if finish else {}))
            assert same(got, wanted.latents), one.label()
            if one.method not in ("none", "dynamic_negative"):
                assert not torch.equal(got, plain[one.num_inference_steps]), one.label()


def shifted_sigmas(shift: Callable[[int], float]) -> Callable[[Request, Cell], dict[str, Any]]:
    """``given`` of a pipeline that hands over its own sigmas, and the μ that ``shift`` makes of a picture's tokens of 8 × 8 pixels."""

    def given(request: Request, one: Cell) -> dict[str, Any]:
        tokens = (request.width // 8) * (request.height // 8)
        return {"sigmas": linear_sigmas(one.num_inference_steps), "mu": shift(tokens)}

    return given


def assert_neighbours_change_nothing(model: DiffusionModel, **options: Any) -> None:
    """Bitwise, in reproducible mode: alone, and beside all other methods, sizes and step counts."""
    cells = tuple(cell(method, steps, **options) for method in METHODS for steps in (3, 4))
    for request, made in zip(requests(*cells), run(model, *cells), strict=True):
        for one, got in list(zip(cells, made, strict=True))[::3]:
            [[alone]] = final_latents(model, [replace(request, cells=(one,))], EXACT, at_once)
            assert torch.equal(alone, got), one.label()


def assert_sharing_is_exact(model: DiffusionModel, **options: Any) -> None:
    """A grid's pictures are those of unshared runs, for fewer rows."""
    cells = tuple(cell(method, 4, **options) for method in METHODS)
    shared, rows = run(model, *cells), final_latents.counters.rows
    apart = run(model, *cells, config=replace(EXACT, share=False))
    assert rows < 0.8 * final_latents.counters.rows
    for one, other in zip(shared, apart, strict=True):
        assert all(torch.equal(got, wanted) for got, wanted in zip(one, other, strict=True))


def assert_a_folder_is_checked(folder: Path, pipe: DiffusionPipeline, model: DiffusionModel) -> None:
    """Noise levels from a folder's configs are the loaded model's, at two sizes."""
    pipe.save_pretrained(folder)
    check_pipeline(str(folder))
    solvers, sizes = [(EULER, 5), ("DPMSolverMultistepScheduler", 5)], [(64, 64), (96, 64)]
    assert check_solvers(str(folder), None, solvers, sizes) == {
        (*solver, *size): model.solver_table(*solver, *size).levels for solver in solvers for size in sizes
    }
