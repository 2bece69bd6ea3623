"""Flow-matching pipelines of the real classes with random weights, very small: pictures 64 × 64 to latents 16 × 16."""

import string
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    FlowMatchEulerDiscreteScheduler,
    FluxPipeline,
    FluxTransformer2DModel,
    SD3Transformer2DModel,
    StableDiffusion3Pipeline,
)
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    T5Config,
    T5EncoderModel,
    T5Tokenizer,
)

from miniature.training.models import MAX_TOKENS, make_tokenizer

CLIP_WIDTHS = (8, 12)
T5_WIDTH = 32
JOINT_WIDTH = 32
SD3_SCHEDULER = {"num_train_timesteps": 1000, "shift": 3.0}
FLUX_SCHEDULER = {
    "base_image_seq_len": 256,
    "base_shift": 0.5,
    "max_image_seq_len": 4096,
    "max_shift": 1.15,
    "num_train_timesteps": 1000,
    "shift": 3.0,
    "use_dynamic_shifting": True,
}
"""As the released checkpoints have them."""


def random_sd3(t5: bool = True, scheduler: dict[str, Any] | None = None) -> StableDiffusion3Pipeline:
    """SD3 with or without its T5; the same weights at every call."""
    torch.manual_seed(0)
    first, second = make_tokenizer(), make_tokenizer()
    pipe = StableDiffusion3Pipeline(
        transformer=SD3Transformer2DModel(
            sample_size=32,
            patch_size=2,
            in_channels=4,
            out_channels=4,
            num_layers=2,
            attention_head_dim=8,
            num_attention_heads=4,
            caption_projection_dim=32,
            joint_attention_dim=JOINT_WIDTH,
            pooled_projection_dim=sum(CLIP_WIDTHS),
        ),
        scheduler=FlowMatchEulerDiscreteScheduler.from_config(scheduler or SD3_SCHEDULER),
        vae=_vae(4, 1.5305, 0.0609),
        text_encoder=CLIPTextModelWithProjection(_clip(first, CLIP_WIDTHS[0])),
        tokenizer=first,
        text_encoder_2=CLIPTextModelWithProjection(_clip(second, CLIP_WIDTHS[1])),
        tokenizer_2=second,
        text_encoder_3=_t5() if t5 else None,
        tokenizer_3=_t5_tokenizer() if t5 else None,
    )
    return _ready(pipe)


def random_flux(guidance: bool = True, dynamic: bool = True) -> FluxPipeline:
    """FLUX.1 as dev (``guidance``: the network takes a guidance scale) or schnell; the same weights at every call."""
    torch.manual_seed(0)
    tokenizer = make_tokenizer()
    pipe = FluxPipeline(
        transformer=FluxTransformer2DModel(
            patch_size=1,
            in_channels=16,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=T5_WIDTH,
            pooled_projection_dim=CLIP_WIDTHS[0],
            axes_dims_rope=(4, 4, 8),
            guidance_embeds=guidance,
        ),
        scheduler=FlowMatchEulerDiscreteScheduler.from_config(
            FLUX_SCHEDULER if dynamic else {"num_train_timesteps": 1000, "shift": 1.0}
        ),
        vae=_vae(4, 0.3611, 0.1159),
        text_encoder=CLIPTextModel(_clip(tokenizer, CLIP_WIDTHS[0])),
        tokenizer=tokenizer,
        text_encoder_2=_t5(),
        tokenizer_2=_t5_tokenizer(),
    )
    return _ready(pipe)


def _ready(pipe: Any) -> Any:
    pipe.set_progress_bar_config(disable=True)
    for part in pipe.components.values():
        if isinstance(part, torch.nn.Module):
            part.eval()
    return pipe


def _vae(channels: int, scale: float, shift: float) -> AutoencoderKL:
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        block_out_channels=(8, 8, 16),
        layers_per_block=1,
        latent_channels=channels,
        norm_num_groups=4,
        use_quant_conv=False,
        use_post_quant_conv=False,
        sample_size=64,
        scaling_factor=scale,
        shift_factor=shift,
    )


def _clip(tokenizer: Any, width: int) -> CLIPTextConfig:
    return CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=width * 2,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=MAX_TOKENS,
        projection_dim=width,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


def _t5() -> T5EncoderModel:
    return T5EncoderModel(
        T5Config(vocab_size=64, d_model=T5_WIDTH, d_kv=8, d_ff=32, num_layers=1, num_heads=2, dense_act_fn="gelu_new")
    ).eval()


def _t5_tokenizer() -> T5Tokenizer:
    letters = string.ascii_lowercase + ",."
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", -2.0), ("▁", -2.0), *((letter, -3.0) for letter in letters)]
    return T5Tokenizer(vocab=pieces, extra_ids=0, model_max_length=512)
