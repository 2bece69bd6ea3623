"""The walk through a prompt's cells against the engine's own counters."""

from concurrent.futures import Future

import pytest
import torch

from miniature import WEIGHTS
from safesweep.engine.config import EngineConfig
from safesweep.engine.engine import Engine
from safesweep.engine.trajectory import Request
from safesweep.engine.work import Work, count_work
from safesweep.guidance.cell import Cell
from safesweep.guidance.direction import Direction
from safesweep.guidance.edits.safe_region import SafeRegion
from safesweep.guidance.methods import METHODS
from safesweep.models.solver import SUPPORTED
from safesweep.models.stable_diffusion import StableDiffusion
from tests.random_models import random_pipeline
from tests.safesweep.tiny import reference_file
from tests.safesweep.vlm.gates import steady_gate

STEPS = 6


@pytest.fixture(scope="module")
def model():
    return StableDiffusion(random_pipeline())


def cell(method, solver="DPMSolverMultistepScheduler", scale=4.0, edit=None, **options):
    guidance = {"method": method, **options}
    return Cell(guidance=guidance, edit=edit, guidance_scale=scale, solver=solver, num_inference_steps=STEPS)


def dynamic(gamma, steps, **more):
    return cell("dynamic_negative", negative_scale=gamma, query_steps=steps, vocabulary="miniature", **more)


NEGATIVE = {"negative_scale": 3.0, "negative_prompt": "dagger"}
SHIFT = SafeRegion(direction=Direction("", "shift", (torch.ones(24, 1), torch.ones(96, 1))), start_step=2)
SAFREE = {"edit": "safree", "concepts": ["dagger", "flame"], "self_validation": False, "alpha": 0.0}
FOLLOWED = {"gate": steady_gate(1.0), "most": 4.0}
GRIDS = {
    "one": [cell("none")],
    "methods": [
        cell("none"),
        cell("static_negative", **NEGATIVE),
        dynamic(3.0, (1, 3)),
    ],
    "strengths": [dynamic(gamma, (1, 3)) for gamma in (0.0, 3.0, 5.0)],
    "query steps": [dynamic(3.0, (1, 3)), dynamic(3.0, (1, 4)), cell("none")],
    "followed": [dynamic(3.0, (1, 3), strength=FOLLOWED), dynamic(3.0, (1, 3)), cell("none")],
    "followed now and then": [
        dynamic(3.0, (1,), strength={**FOLLOWED, "every": 2}),
        dynamic(3.0, (1,), strength=FOLLOWED),
    ],
    "scales": [cell("none"), cell("none", scale=5.0), dynamic(3.0, (0, 5)), dynamic(3.0, (0, 5), scale=5.0)],
    "without guidance": [
        cell(method, scale=scale, **options)
        for scale in (0.0, 1.0, 4.0)
        for method, options in {
            "none": {},
            "negative_prompt": {"negative_prompt": "dagger"},
            "static_negative": NEGATIVE,
        }.items()
    ],
    "SLD": [cell("none"), cell("sld", preset="max"), cell("sld", preset="medium", warmup_steps=3)],
    "safe region": [cell("none"), cell("none", edit=SHIFT), cell("static_negative", edit=SHIFT, **NEGATIVE)],
    "SAFREE": [cell("none"), cell("none", edit=SAFREE), dynamic(3.0, (1, 3), edit=SAFREE)],
    "solvers": [cell("none"), cell("none", solver="PNDMScheduler"), dynamic(3.0, (2,), solver="PNDMScheduler")],
}


METHOD_OPTIONS = {
    "none": {},
    "negative_prompt": {"negative_prompt": "dagger"},
    "static_negative": NEGATIVE,
    "dynamic_negative": {"negative_scale": 3.0, "query_steps": (1, 3), "vocabulary": "miniature"},
    "sld": {"preset": "strong", "warmup_steps": 2},
    "perp_neg": NEGATIVE,
    "dng": NEGATIVE,
    "crg": NEGATIVE,
    "stg": {
        "clip": f"local-dir:{WEIGHTS / 'clip'}",
        "concepts": ("a dagger",),
        "negative_scale": 2.0,
        "last_level": 0.6,
    },
    "safe_denoiser": {"references": reference_file(16), "negative_scale": 2.0, "last_level": 0.5},
}
GRIDS |= {
    f"every method on {solver}": [
        cell(method, solver=solver, edit=edit, **options)
        for method, options in METHOD_OPTIONS.items()
        for edit in (None, SHIFT, SAFREE)
    ]
    for solver in SUPPORTED
}


def test_every_method_is_in_the_mixed_grids():
    assert set(METHOD_OPTIONS) == set(METHODS.names())


@pytest.mark.parametrize("found", [False, True], ids=["nothing found", "all found"])
@pytest.mark.parametrize("name", GRIDS)
def test_counts_are_the_engines(model, name, found):
    answer: Future[str] = Future()
    answer.set_result("dagger, flame, skull" if found else "nothing")
    engine = Engine(model, EngineConfig(max_rows=12), lambda picture, question: answer)
    cells = tuple(GRIDS[name])
    assert all(result.error is None for result in engine.submit(Request("a red circle", 7, 64, 64, cells)).result(120))
    engine.close()
    counted = count_work(cells, found=found, levels=lambda *solver: model.solver_table(*solver, 64, 64).levels)
    done = engine.counters
    assert (counted.rows, counted.rows_alone) == (done.rows, done.rows_alone)
    assert counted.looks == done.looks
    assert (counted.questions, counted.questions_alone) == (done.questions, done.questions_alone)
    assert counted.pictures == done.forks + len({(one.solver, one.num_inference_steps) for one in cells})


def test_work_adds_up_and_scales():
    assert (Work(rows=2, questions=1) + Work(rows=3)).times(0.5) == Work(rows=2.5, questions=0.5)


def test_no_cells_are_no_work():
    assert count_work([], found=True) == Work()
