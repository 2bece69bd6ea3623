"""Discovery on flow-matching models: the loss is taken of v, rows of any length and with an embedded scale learn, and the walk is the
pipeline's."""

import pytest
import torch

from safesweep.guidance.discovery import Discovery
from safesweep.guidance.recipe import Recipe
from safesweep.models.flux import Flux
from safesweep.models.qwen_image import QwenImage
from safesweep.models.sd3 import StableDiffusion3
from safesweep.models.z_image import ZImage
from tests.random_flow_models import random_flux, random_qwen_image, random_sd3, random_z_image

MODELS = {
    "sd3": lambda: StableDiffusion3(random_sd3(False), text_tokens=4),
    "flux": lambda: Flux(random_flux(), text_tokens=8),
    "qwen_image": lambda: QwenImage(random_qwen_image()),
    "z_image": lambda: ZImage(random_z_image()),
}
EMBEDDED = {"flux": 3.5}


def recipe(name: str, kind: str) -> Recipe:
    return Recipe(
        kind=kind,
        prompts=("an image of dagger, flame", "a skull"),
        concept="dagger, flame, skull",
        harmless=("a red circle", "a blue key and a cup"),
        pictures=2,
        solver="FlowMatchEulerDiscreteScheduler",
        num_inference_steps=2,
        start_step=0,
        rounds=1,
        width=48,
        height=32,
        guidance_scale=3.0,
        embedded_guidance=EMBEDDED.get(name),
    )


@pytest.mark.parametrize(
    ("name", "kind"), [("sd3", "shift"), ("flux", "shift"), *((name, "conditional") for name in MODELS)]
)
def test_the_first_update_is_of_v_of_the_unedited_prompts_and_moves_the_zeros(name, kind):
    model, wanted = MODELS[name](), recipe(name, kind)
    discovery = Discovery(model, wanted)
    first, _ = discovery.round()
    table = model.solver_table(wanted.solver, 2, 48, 32)
    at = torch.stack([table.timesteps_S[0]])
    scale = None if wanted.embedded_guidance is None else torch.tensor([wanted.embedded_guidance])
    total = 0.0
    for seed, prompt in enumerate(wanted.prompts):
        noise = model.initial_noise(seed, 48, 32)[None]
        unedited, empty, concept = (
            model.noise(noise, at, [model.embed(text)], scale) for text in (prompt, "", wanted.concept)
        )
        total += float((unedited - concept - wanted.target_scale * (empty - concept)).square().mean()) / 2
    assert first.loss == pytest.approx(total, rel=1e-3)
    # nothing is edited yet, so that harmless prompts are what they were, to padding's low bits
    assert first.harmless < 1e-8
    moved, still = (0, 1) if kind == "shift" else (1, 0)
    start = Discovery(model, wanted).factors
    assert not start[moved].any() and discovery.factors[moved].abs().max() > 0.01
    assert not torch.equal(discovery.factors[still], start[still])
