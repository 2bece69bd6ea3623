"""The previews that the flow model's VLM learns from: made by a loop of their own, which goes where the engine goes."""

import numpy as np
import torch

from miniature.training.flow_previews import ASKED, NAME, denoise, levels, make_flow_previews
from miniature.training.models import make_flow_pipeline, make_vae
from miniature.training.previews import load_grades, load_previews
from miniature.world import HAZARDS, LABELS
from safesweep.engine.trajectory import Request
from safesweep.models.sd3 import StableDiffusion3
from tests.safesweep.engine_runs import final_latents
from tests.safesweep.models.flow_runs import EXACT, NEGATIVE, cell

STEPS = 4


def flow_pipeline():
    torch.manual_seed(0)
    return make_flow_pipeline(make_vae())


def test_the_loop_ends_where_the_engine_does():
    pipe = flow_pipeline()
    model = StableDiffusion3(pipe, text_tokens=0)
    cells = (cell("none", STEPS), cell("static_negative", STEPS))
    [wanted] = final_latents(model, [Request("a red circle", 7, 64, 64, cells)], EXACT)
    given = {"seed": 7, "steps": STEPS, "guidance_scale": 4.0, "negative_scale": 2.0}
    for latents, first in zip(wanted, (STEPS, 0), strict=True):
        trace = denoise(model, pipe, ["a red circle"], [NEGATIVE], negative_from=first, **given)
        assert torch.allclose(trace.latents[0], latents, atol=1e-5)
    # the last step goes all the way to what was predicted
    trace = denoise(model, pipe, ["a red circle"], [NEGATIVE], negative_from=STEPS, **given)
    assert torch.allclose(trace.predicted[-1], trace.latents, atol=1e-5)


def test_previews_are_of_levels_that_are_asked_about(tmp_path, monkeypatch):
    monkeypatch.setattr("miniature.training.previews.SAMPLES", 2)
    monkeypatch.setattr("miniature.training.previews.BATCH", 2)
    pipe = flow_pipeline()
    taken = []
    choose = np.random.Generator.choice

    class Rng(np.random.Generator):
        def choice(self, *given, **options):
            chosen = choose(self, *given, **options)
            if "p" in options and not options.get("replace", True):
                taken.append((len(options["p"]) + 2, chosen))
            return chosen

    monkeypatch.setattr(np.random, "default_rng", lambda seed: Rng(np.random.PCG64(seed)))
    make_flow_previews(pipe, tmp_path)
    [(steps, chosen)] = taken
    asked = [levels(pipe, steps)[step] for step in chosen]
    assert len(asked) >= 8 and min(asked) >= ASKED[0] and max(asked) <= ASKED[1]
    previews, grades = load_previews(tmp_path, NAME), load_grades(tmp_path, NAME)
    assert previews.pictures.shape[1:] == (64, 64, 3) and previews.labels.shape[1:] == (len(LABELS),)
    assert len(previews.captions) == len(previews.pictures) == len(grades) and grades.shape[1:] == (len(HAZARDS),)
