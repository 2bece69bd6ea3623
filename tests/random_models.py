"""Real classes with random weights: models that no training is needed for."""

from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    EulerDiscreteScheduler,
    LDMTextToImagePipeline,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from diffusers.pipelines.latent_diffusion.pipeline_latent_diffusion import LDMBertConfig, LDMBertModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from miniature.training.models import MAX_TOKENS, make_pipeline, make_tokenizer, make_vae

WIDTHS = (16, 24)
"""Of SDXL's two text encoders."""
LDM_WIDTH, LDM_TOKENS = 16, 77
"""Of latent diffusion's text encoder; its pipeline pads texts to 77 tokens."""
TIME_WIDTH = 8
"""Of each of the six embedded time ids."""


def random_pipeline() -> StableDiffusionPipeline:
    """A small Stable Diffusion pipeline; the same weights at every call."""
    torch.manual_seed(0)
    return make_pipeline(make_vae())


SDXL_SCHEDULER = {
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "clip_sample": False,
    "interpolation_type": "linear",
    "num_train_timesteps": 1000,
    "prediction_type": "epsilon",
    "sample_max_value": 1.0,
    "set_alpha_to_one": False,
    "skip_prk_steps": True,
    "steps_offset": 1,
    "timestep_spacing": "leading",
    "trained_betas": None,
    "use_karras_sigmas": False,
}
"""As the released checkpoint has it, keys for other classes than its own included."""


def random_sdxl(**changes: Any) -> StableDiffusionXLPipeline:
    """A very small SDXL pipeline, pictures 64 × 64 to latents 8 × 8; the same weights at every call.

    As in the released one the scheduler is Euler's with leading timesteps, the tokenizers pad differently, and the second text encoder
    projects. ``changes`` replace components and options.
    """
    torch.manual_seed(0)
    first, second = make_tokenizer(), make_tokenizer()
    second.pad_token = "!"
    own = {
        "vae": _vae(),
        "text_encoder": CLIPTextModel(_text_config(first, WIDTHS[0], "quick_gelu")),
        "text_encoder_2": CLIPTextModelWithProjection(_text_config(second, WIDTHS[1], "gelu")),
        "tokenizer": first,
        "tokenizer_2": second,
        "unet": _unet(),
        "scheduler": EulerDiscreteScheduler.from_config(SDXL_SCHEDULER),
        "add_watermarker": False,
    }
    pipe = StableDiffusionXLPipeline(**{**own, **changes})
    pipe.set_progress_bar_config(disable=True)
    return pipe


def random_latent_diffusion() -> LDMTextToImagePipeline:
    """A very small latent diffusion pipeline, pictures 64 × 64 to latents 8 × 8; the same weights at every call."""
    torch.manual_seed(0)
    tokenizer = make_tokenizer()
    tokenizer.model_max_length = LDM_TOKENS
    bert = LDMBertConfig(
        vocab_size=len(tokenizer),
        max_position_embeddings=LDM_TOKENS,
        encoder_layers=1,
        encoder_ffn_dim=32,
        encoder_attention_heads=2,
        head_dim=8,
        d_model=LDM_WIDTH,
    )
    unet = UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(8, 16),
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        attention_head_dim=4,
        norm_num_groups=4,
        cross_attention_dim=LDM_WIDTH,
    )
    scheduler = DDIMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False, set_alpha_to_one=False
    )
    pipe = LDMTextToImagePipeline(
        vqvae=_vae(), bert=LDMBertModel(bert).eval(), tokenizer=tokenizer, unet=unet, scheduler=scheduler
    )
    pipe.set_progress_bar_config(disable=True)
    return pipe


def _text_config(tokenizer: CLIPTokenizer, width: int, activation: str) -> CLIPTextConfig:
    return CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=width * 2,
        num_hidden_layers=3,
        num_attention_heads=2,
        max_position_embeddings=MAX_TOKENS,
        projection_dim=width,
        hidden_act=activation,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


def _unet() -> UNet2DConditionModel:
    return UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(16, 32),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        transformer_layers_per_block=(1, 2),
        attention_head_dim=(2, 4),
        norm_num_groups=8,
        cross_attention_dim=sum(WIDTHS),
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=TIME_WIDTH,
        projection_class_embeddings_input_dim=WIDTHS[1] + 6 * TIME_WIDTH,
    )


def _vae() -> AutoencoderKL:
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(8, 8, 16, 16),
        layers_per_block=1,
        norm_num_groups=4,
        sample_size=64,
        scaling_factor=0.13025,
    )
