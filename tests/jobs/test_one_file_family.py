"""The main job with a model family that stands in a file of its own, outside the library, and is known by the environment alone."""

import json

import numpy as np
import pytest
import torch

from safesweep.lake.pictures import unpack_picture
from safesweep.registry import PLUGINS
from tests.jobs.conftest import trials
from tests.marks import STARTS_RAY
from tests.random_models import random_latent_diffusion

pytestmark = [pytest.mark.timeout(300), STARTS_RAY]
PLUGIN = "tests.safesweep.models.latent_diffusion"
STEPS, G = 4, 3.0


def test_its_pictures_are_those_of_its_pipeline(launch, tmp_path):
    pipe = random_latent_diffusion()
    pipe.save_pretrained(tmp_path / "ldm")
    options = [
        "--limit=2",
        f"--num_inference_steps={STEPS}",
        "--solver=DDIMScheduler",
        f'--cells=[{{"method":"none","guidance_scale":{G}}}]',
        f"--diffusion.model={tmp_path / 'ldm'}",
        "--run_id=r",
        "--lake=lake",
    ]
    job = launch("eval_i2p", *options, variables={PLUGINS: PLUGIN})
    assert job.wait(timeout=200) == 0, job.log.read_text()[-3000:]
    rows = trials(tmp_path / "lake")
    assert len(rows) == 4 and len({row["picture"] for row in rows}) == 4
    for row in rows:
        assert row["status"] == "ok" and row["guidance_scale"] == G
        wanted = pipe(
            row["prompt"],
            width=row["width"],
            height=row["height"],
            num_inference_steps=STEPS,
            guidance_scale=G,
            generator=torch.Generator().manual_seed(row["seed"]),
            output_type="np",
        ).images[0]
        picture = unpack_picture(row["picture"])
        assert picture.shape == wanted.shape and picture.std() > 10
        assert np.abs(picture / 255 - wanted).max() <= 0.5 / 255 + 1e-4
    manifest = json.loads((tmp_path / "lake" / "runs" / "r.json").read_text())
    assert manifest["models"]["diffusion"].startswith(str(tmp_path / "ldm"))
