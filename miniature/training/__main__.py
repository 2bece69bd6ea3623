"""``python -m miniature.training [--stages …]``: trains what is missing, resumes what was stopped, saves the folders."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from diffusers import AutoencoderTiny, DiffusionPipeline, StableDiffusion3Pipeline, StableDiffusionPipeline

from miniature import WEIGHTS
from miniature.training.data import Drawings, cached_drawings
from safesweep.errors import InputError
from safesweep.models.sd3 import StableDiffusion3

DRAWINGS = 40_000
DRAWINGS_SEED = 0
STAGES = (
    "vae",
    "diffusion",
    "refine",
    "classifier",
    "previews",
    "vlm",
    "grades",
    "clip",
    "flow",
    "vlm-flow",
    "distilled",
    "unlearned",
    "unlearned-poorly",
)
UNLEARNING = STAGES[-2:]
"""LoRAs on the trained network, from a few drawings of their own."""
REFINE_SEED = 1
REFINE_MIX = {"benign": 0.32, "plain": 0.15, "code": 0.15, "scene": 0.09, "list": 0.07, "person": 0.22}
"""The second round draws more of what the first learned least: hazards by name and by code word, and people."""
REFINE_STOP = 1400
"""Of the second round's steps: from here on all pictures of validation prompts show what they should."""
STEPS = {
    "vae": 1500,
    "diffusion": 2500,
    "refine": 2400,
    "classifier": 700,
    "teacher": 500,
    "vision": 2400,
    "vlm": 1400,
    "grades": 1200,
    "clip": 700,
    "flow": 4000,
    "vlm-flow": 800,
    "distilled": 3000,
    "unlearned": 500,
    "unlearned-poorly": 120,
}
"""Optimiser steps a stage; on two cores of 2026 about 9, 40, 24, 2, 1 (teacher), 5 (vision), 10, 13, 7, 45, 8 and 40 minutes, previews
of each model 7, the flow model's samplings for its student 15."""
UNLEARNED_DRAWINGS, UNLEARNED_SEED = 3000, 3
"""Pictures that the LoRAs unlearn hazards on, half of them harmless."""
UNLEARNED_MIX = {"plain": 0.14, "code": 0.14, "scene": 0.14, "list": 0.06, "benign": 0.36, "person": 0.16}
TEACHER = "flow/transformer/diffusion_pytorch_model.safetensors"
"""What the stage ``distilled`` learns from."""


def _diffusion(folder: Path, drawings: Drawings, vae: AutoencoderTiny) -> None:
    from miniature.training.diffusion import train_diffusion
    from miniature.training.models import make_pipeline

    torch.manual_seed(2)
    pipe = make_pipeline(vae)
    train_diffusion(pipe, drawings, folder, STEPS["diffusion"], name="diffusion", learning_rate=1.5e-3)
    _save(pipe)


def _refine(folder: Path) -> None:
    from miniature.training.diffusion import early_levels, train_diffusion

    pipe = _pipeline()
    drawings = cached_drawings(folder, DRAWINGS, REFINE_SEED, REFINE_MIX)
    steps = STEPS["refine"]
    train_diffusion(
        pipe, drawings, folder, steps, name="refine", learning_rate=8e-4, levels=early_levels, stop=REFINE_STOP
    )
    _save(pipe)


def _pipeline() -> StableDiffusionPipeline:
    return StableDiffusionPipeline.from_pretrained(WEIGHTS / "diffusion", torch_dtype=torch.float32)


def _flow(folder: Path, drawings: Drawings) -> None:
    from miniature.training.flow import train_flow
    from miniature.training.models import make_flow_pipeline

    torch.manual_seed(3)
    pipe = make_flow_pipeline(AutoencoderTiny.from_pretrained(WEIGHTS / "diffusion" / "vae", torch_dtype=torch.float32))
    train_flow(pipe, drawings, folder, STEPS["flow"], name="flow", learning_rate=1e-3)
    _save(pipe, "flow")


def _flow_pipeline() -> StableDiffusion3Pipeline:
    return StableDiffusion3.read(str(WEIGHTS / "flow"), torch.float32, None)


def _distilled(folder: Path, drawings: Drawings) -> None:
    from miniature.training.distilled import train_distilled
    from miniature.training.models import make_distilled_pipeline

    teacher = _flow_pipeline()
    torch.manual_seed(4)
    pipe = make_distilled_pipeline(teacher.vae)
    train_distilled(pipe, teacher, drawings, folder, STEPS["distilled"], name="distilled", learning_rate=1e-3)
    _save(pipe, "distilled")


def _vlm_flow(folder: Path, drawings: Drawings) -> None:
    from miniature.training.flow_previews import NAME, make_flow_previews
    from miniature.training.vlm import train_further

    if not (folder / f"{NAME}.npz").exists():
        make_flow_previews(_flow_pipeline(), folder)
    source, out = WEIGHTS / "vlm", WEIGHTS / "vlm-flow"
    train_further(drawings, folder, STEPS["vlm-flow"], source, out, name="vlm-flow", previews=NAME)


def _unlearned(folder: Path, stage: str) -> None:
    from miniature.training.unlearned import POORLY, UNLEARNED, save_lora, train_unlearned

    pipe = _pipeline()
    drawings = cached_drawings(folder, UNLEARNED_DRAWINGS, UNLEARNED_SEED, UNLEARNED_MIX)
    recipe = UNLEARNED if stage == "unlearned" else POORLY
    train_unlearned(pipe, drawings, folder, STEPS[stage], recipe, name=stage, learning_rate=2e-3)
    save_lora(pipe, WEIGHTS / "lora" / stage)


def _save(pipe: DiffusionPipeline, name: str = "diffusion") -> None:
    pipe.to(torch.float16).save_pretrained(WEIGHTS / name, safe_serialization=True)
    # diffusers writes where a folder lay, and for the autoencoder a key that its own class then warns about
    for config in (WEIGHTS / name).rglob("*.json"):
        written = json.loads(config.read_text())
        unwanted = {"_name_or_path"} | ({"block_out_channels"} if config.parent.name == "vae" else set())
        if unwanted.intersection(written):
            kept = {key: value for key, value in written.items() if key not in unwanted}
            config.write_text(json.dumps(kept, indent=2) + "\n")


def run(stages: list[str], folder: Path) -> None:
    """Runs the ``stages`` in their order; ``folder`` keeps checkpoints.

    Raises ``InputError`` if the distilled model's teacher is missing.
    """
    if "distilled" in stages and "flow" not in stages and not (WEIGHTS / TEACHER).is_file():
        raise InputError(f"{WEIGHTS / TEACHER}: is missing; run python -m miniature.training --stages flow")
    wanted = [stage for stage in STAGES if stage in stages]
    if first := [stage for stage in wanted if stage not in UNLEARNING]:
        _from_all_drawings(first, folder)
    for stage in wanted:
        if stage in UNLEARNING:
            print(f"== {stage}", flush=True)
            _unlearned(folder, stage)


def _from_all_drawings(stages: list[str], folder: Path) -> None:
    drawings = cached_drawings(folder, DRAWINGS, DRAWINGS_SEED)
    vae_folder = folder / "vae"
    for stage in stages:
        print(f"== {stage}", flush=True)
        if stage == "vae":
            from miniature.training.vae import train_vae

            train_vae(drawings, folder, STEPS["vae"]).save_pretrained(vae_folder)
        elif stage == "diffusion":
            _diffusion(folder, drawings, AutoencoderTiny.from_pretrained(vae_folder))
        elif stage == "refine":
            _refine(folder)
        elif stage == "classifier":
            from miniature.training.classifier import image_processor, train_classifier

            classifier = train_classifier(_pipeline().vae, drawings, folder, STEPS["classifier"])
            classifier.half().save_pretrained(WEIGHTS / "classifier")
            image_processor().save_pretrained(WEIGHTS / "classifier")
        elif stage == "previews":
            from miniature.training.previews import make_diffusion_previews

            make_diffusion_previews(_pipeline(), folder)
        elif stage == "vlm":
            from miniature.training.vlm import train_vlm

            train_vlm(drawings, folder, STEPS, WEIGHTS / "vlm")
        elif stage == "grades":
            from miniature.training.vlm import train_further

            train_further(drawings, folder, STEPS["grades"], WEIGHTS / "vlm", WEIGHTS / "vlm", name="grades")
        elif stage == "clip":
            from miniature.training.clip import train_clip

            train_clip(_pipeline().vae, drawings, folder, STEPS["clip"], WEIGHTS / "clip")
        elif stage == "flow":
            _flow(folder, drawings)
        elif stage == "vlm-flow":
            _vlm_flow(folder, drawings)
        elif stage == "distilled":
            _distilled(folder, drawings)


def main(given: Sequence[str] | None = None) -> int:
    """Entry point; 0, or 2 when a stage lacks what it learns from."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=list(STAGES))
    parser.add_argument("--folder", type=Path, default=Path(".training"), help="checkpoints and cached pictures")
    arguments = parser.parse_args(given)
    try:
        run(arguments.stages, arguments.folder)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
