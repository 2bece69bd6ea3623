"""The smallest Stable Diffusion that there is: real classes, random weights, pictures 16 × 16; and engine runs on it."""

import atexit
import hashlib
import shutil
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import torch
from diffusers import AutoencoderTiny, StableDiffusionPipeline, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

from miniature import WEIGHTS
from miniature.training.models import make_scheduler, make_tokenizer
from safesweep.engine.config import EngineConfig
from safesweep.engine.counters import Counters, Trace
from safesweep.engine.engine import Engine
from safesweep.engine.questions import AskVlm
from safesweep.engine.trajectory import Request, TrialResult
from safesweep.guidance.cell import Cell
from safesweep.guidance.references import save_references
from safesweep.models.base import DiffusionModel
from safesweep.models.stable_diffusion import StableDiffusion
from safesweep.types import Picture
from tests.safesweep.engine_runs import Recording

SIZE = 16
"""Pixels a side; latents are 4 × 8 × 8."""
STEPS = 5
WIDTH = 16
ASKED = (1, 3)


def tiny_pipeline() -> StableDiffusionPipeline:
    """The same weights at every call; cross-attention is loud, so that texts matter without training."""
    torch.manual_seed(0)
    tokenizer = make_tokenizer()
    text_encoder = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=WIDTH,
            intermediate_size=WIDTH,
            num_hidden_layers=1,
            num_attention_heads=2,
            max_position_embeddings=tokenizer.model_max_length,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
    unet = UNet2DConditionModel(
        sample_size=SIZE // 2,
        block_out_channels=(8, 16),
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        attention_head_dim=4,
        norm_num_groups=4,
        cross_attention_dim=WIDTH,
    )
    with torch.no_grad():
        for name, weights in unet.named_parameters():
            if "attn2.to_out" in name or "attn2.to_v" in name:
                weights *= 4
    widths = (8, 8)
    vae = AutoencoderTiny(
        encoder_block_out_channels=widths,
        decoder_block_out_channels=widths,
        num_encoder_blocks=(1, 1),
        num_decoder_blocks=(1, 1),
    )
    pipe = StableDiffusionPipeline(
        vae=vae,
        text_encoder=text_encoder,
        tokenizer=tokenizer,
        unet=unet,
        scheduler=make_scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipe.set_progress_bar_config(disable=True)
    return pipe


@cache
def tiny_model() -> Recording:
    """One for all tests of a process."""
    return Recording(StableDiffusion(tiny_pipeline()))


def glance(picture: Picture, question: str) -> str:
    """A deterministic stand-in for the VLM: reads its answer off the picture, different ones about equally often."""
    half = len(picture) // 2
    heavier_above = picture[:half].mean() > picture[half:].mean()
    heavier_left = picture[:, :half].mean() > picture[:, half:].mean()
    seen = [term for term, shown in (("dagger", heavier_above), ("flame", heavier_left)) if shown]
    return ", ".join(seen) or "nothing"


def at_once(picture: Picture, question: str) -> "Future[str]":
    """``glance``'s answer in a future that is there already."""
    future: Future[str] = Future()
    future.set_result(glance(picture, question))
    return future


@cache
def reference_file(side: int = SIZE // 2) -> str:
    """Three reference latents [4, side, side], in a folder that is gone with the process."""
    folder = tempfile.mkdtemp(prefix="references-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    latents = torch.randn(3, 4, side, side, generator=torch.Generator().manual_seed(2))
    return str(save_references(latents, Path(folder) / "unsafe.safetensors", {}).path)


def cell(method: str, *, g: float = 4.0, solver: str = "DDIMScheduler", steps: int = STEPS, **numbers: Any) -> Cell:
    """A cell of ``method`` with the numbers that the tests need filled in."""
    usual: dict[str, dict[str, Any]] = {
        "none": {},
        "negative_prompt": {"negative_prompt": "dagger, flame"},
        "static_negative": {"negative_prompt": "dagger, flame", "negative_scale": 2.0},
        "dynamic_negative": {"negative_scale": 3.0, "query_steps": ASKED, "vocabulary": "miniature"},
        "sld": {"preset": "strong", "warmup_steps": 2, "safety_scale": 5.0, "concept": "skull"},
        "perp_neg": {"negative_prompt": "dagger, flame", "negative_scale": 1.5},
        "safe_denoiser": {"references": reference_file(), "negative_scale": 2.0, "threshold": 0.05, "last_level": 0.45},
        "stg": {"clip": f"local-dir:{WEIGHTS / 'clip'}", "concepts": ("a dagger", "a flame"), "negative_scale": 40.0},
        "crg": {"negative_prompt": "dagger, flame", "negative_scale": 4.0, "threshold": -2.0},
        "dng": {"negative_prompt": "dagger, flame", "negative_scale": 3.0, "prior": 0.2, "offset": 0.05},
    }
    guidance = {"method": method, **usual[method], **numbers}
    return Cell(guidance=guidance, guidance_scale=g, solver=solver, num_inference_steps=steps)


def job(*cells: Cell, text: str = "a red circle", seed: int = 7, size: int = SIZE) -> Request:
    """A job of small pictures."""
    return Request(text, seed, size, size, cells)


class Made(NamedTuple):
    """What a run of an engine gave."""

    results: list[list[TrialResult]]
    counters: Counters

    @property
    def digests(self) -> list[list[str]]:
        """One a trial: of the final latents' bytes, the exchanges, and the error, so that equal digests are equal bit for bit."""
        return [[_digest(result) for result in results] for results in self.results]


def _digest(result: TrialResult) -> str:
    content = hashlib.sha256()
    if result.picture is not None:
        content.update(tiny_model().latents_of(result.picture).numpy().tobytes() + result.picture.tobytes())
    for exchange in result.exchanges:
        content.update(repr((exchange.step, exchange.answer, exchange.terms)).encode() + exchange.preview.tobytes())
    return content.hexdigest() + repr(result.error)


EXACT = EngineConfig(max_rows=6, reproducible=True)


def run(
    jobs: Sequence[Request],
    config: EngineConfig = EXACT,
    ask: AskVlm | None = at_once,
    *,
    model: DiffusionModel | None = None,
    trace: Trace | None = None,
    before_close: Callable[[Engine], None] | None = None,
) -> Made:
    """All jobs through one engine, in their order."""
    engine = Engine(model or tiny_model(), config, ask, trace)
    try:
        results = [future.result(timeout=120) for future in [engine.submit(one) for one in jobs]]
        if before_close:
            before_close(engine)
    finally:
        engine.close()
    return Made(results, engine.counters)
