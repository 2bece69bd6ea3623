"""Stable Diffusion 1.4, SDXL and 3.5 medium at their full size with random weights: for memory and shapes where no hub can be reached.

The configurations are those of the published checkpoints; the numbers of parameters in tests/test_full_size_models.py tell them apart.
"""

import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    PNDMScheduler,
    StableDiffusion3Pipeline,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from tokenizers import pre_tokenizers
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    PreTrainedModel,
    T5Config,
    T5EncoderModel,
    T5Tokenizer,
)

from tests.full_size_flow_models import sd35_medium

VOCABULARY, TOKENS = 49408, 77
START, END = VOCABULARY - 2, VOCABULARY - 1
SPREAD = 0.02
"""Standard deviation of the random weights."""
NOISE = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1}


def make_tokenizer(pad: str = "<|endoftext|>") -> CLIPTokenizer:
    """CLIP's vocabulary size and special ids; every text is spelled in bytes."""
    symbols = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = [*symbols, *(symbol + "</w>" for symbol in symbols)]
    words += [f"unused{index}</w>" for index in range(START - len(words))]
    vocabulary = {word: index for index, word in enumerate([*words, "<|startoftext|>", "<|endoftext|>"])}
    return CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=TOKENS, pad_token=pad)


def text_config(**changes: Any) -> CLIPTextConfig:
    """The text encoder of CLIP ViT-L/14."""
    own: dict[str, Any] = {
        "vocab_size": VOCABULARY,
        "hidden_size": 768,
        "intermediate_size": 3072,
        "num_hidden_layers": 12,
        "num_attention_heads": 12,
        "max_position_embeddings": TOKENS,
        "projection_dim": 768,
        "hidden_act": "quick_gelu",
        "bos_token_id": START,
        "eos_token_id": END,
        "pad_token_id": END,
    }
    return CLIPTextConfig(**{**own, **changes})


def large_text_config() -> CLIPTextConfig:
    """The text encoder of OpenCLIP ViT-bigG/14, SDXL's second."""
    return text_config(
        hidden_size=1280,
        intermediate_size=5120,
        num_hidden_layers=32,
        num_attention_heads=20,
        projection_dim=1280,
        hidden_act="gelu",
    )


def sd14_unet() -> UNet2DConditionModel:
    """SD 1.x's network."""
    return UNet2DConditionModel(sample_size=64, cross_attention_dim=768, attention_head_dim=8)


def sdxl_unet() -> UNet2DConditionModel:
    """SDXL's network."""
    return UNet2DConditionModel(
        sample_size=128,
        block_out_channels=(320, 640, 1280),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        transformer_layers_per_block=(1, 2, 10),
        attention_head_dim=(5, 10, 20),
        cross_attention_dim=2048,
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=256,
        projection_class_embeddings_input_dim=2816,
    )


T5_VOCABULARY = 32128


def t5_config() -> T5Config:
    """The encoder of T5 v1.1 XXL."""
    return T5Config(
        vocab_size=T5_VOCABULARY,
        d_model=4096,
        d_kv=64,
        d_ff=10240,
        num_layers=24,
        num_heads=64,
        feed_forward_proj="gated-gelu",
        tie_word_embeddings=False,
    )


def make_t5_tokenizer() -> T5Tokenizer:
    """T5's vocabulary size and special ids; every text is spelled in letters."""
    words = ["<pad>", "</s>", "<unk>", "▁", *string.ascii_letters, *string.digits, *string.punctuation]
    words += [f"unused{index}" for index in range(T5_VOCABULARY - 100 - len(words))]
    return T5Tokenizer(vocab=[(word, -2.0) for word in words], extra_ids=100)


def make_vae(scaling_factor: float, sample_size: int, **changes: Any) -> AutoencoderKL:
    """The autoencoder of all: pictures to latents of an eighth of the side."""
    widths = (128, 256, 512, 512)
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=widths,
        layers_per_block=2,
        sample_size=sample_size,
        scaling_factor=scaling_factor,
        **{"latent_channels": 4, **changes},
    )


def fill(make: Callable[[], torch.nn.Module], dtype: torch.dtype, generator: torch.Generator) -> Any:
    """The module that ``make`` describes, in ``dtype``: normal weights, norms of one, biases of zero.

    It is first laid out without memory: the usual initialisation would hold and fill it in float32.
    """
    with torch.device("meta"):
        model = make().to(dtype)
    model.to_empty(device="cpu")
    if isinstance(model, PreTrainedModel):
        model.tie_weights()
    with torch.no_grad():
        for buffer in model.buffers():
            if buffer.is_floating_point():
                buffer.normal_(0.0, SPREAD, generator=generator)
        for name, parameter in model.named_parameters():
            if name.endswith("bias"):
                parameter.zero_()
            elif parameter.dim() == 1:
                parameter.fill_(1.0)
            else:
                parameter.normal_(0.0, SPREAD, generator=generator)
    return model


def save_sd14(folder: Path, dtype: torch.dtype = torch.bfloat16) -> None:
    """Writes Stable Diffusion 1.4 with random weights, some 2.1 GB in a half type, as a diffusers folder."""
    generator = torch.Generator().manual_seed(0)
    StableDiffusionPipeline(
        vae=fill(lambda: make_vae(0.18215, 512), dtype, generator),
        text_encoder=fill(lambda: CLIPTextModel(text_config()), dtype, generator),
        tokenizer=make_tokenizer(),
        unet=fill(sd14_unet, dtype, generator),
        scheduler=PNDMScheduler(**NOISE, skip_prk_steps=True, set_alpha_to_one=False),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(folder)


def save_sdxl(folder: Path, dtype: torch.dtype = torch.bfloat16) -> None:
    """Writes SDXL with random weights, some 6.9 GB in a half type, as a diffusers folder."""
    generator = torch.Generator().manual_seed(0)
    StableDiffusionXLPipeline(
        vae=fill(lambda: make_vae(0.13025, 1024), dtype, generator),
        text_encoder=fill(lambda: CLIPTextModel(text_config()), dtype, generator),
        text_encoder_2=fill(lambda: CLIPTextModelWithProjection(large_text_config()), dtype, generator),
        tokenizer=make_tokenizer(),
        tokenizer_2=make_tokenizer(pad="!"),
        unet=fill(sdxl_unet, dtype, generator),
        scheduler=EulerDiscreteScheduler(**NOISE, timestep_spacing="leading"),
    ).save_pretrained(folder)


def save_sd35(folder: Path, dtype: torch.dtype = torch.bfloat16) -> None:
    """Writes Stable Diffusion 3.5 medium with random weights, some 16 GB in a half type, as a diffusers folder."""
    generator = torch.Generator().manual_seed(0)
    latents = {"latent_channels": 16, "shift_factor": 0.0609, "use_quant_conv": False, "use_post_quant_conv": False}
    StableDiffusion3Pipeline(
        vae=fill(lambda: make_vae(1.5305, 1024, **latents), dtype, generator),
        text_encoder=fill(
            lambda: CLIPTextModelWithProjection(text_config()),
            dtype,
            generator,
        ),
        text_encoder_2=fill(lambda: CLIPTextModelWithProjection(large_text_config()), dtype, generator),
        text_encoder_3=fill(lambda: T5EncoderModel(t5_config()), dtype, generator),
        tokenizer=make_tokenizer(),
        tokenizer_2=make_tokenizer(pad="!"),
        tokenizer_3=make_t5_tokenizer(),
        transformer=fill(sd35_medium, dtype, generator),
        scheduler=FlowMatchEulerDiscreteScheduler(num_train_timesteps=1000, shift=3.0),
    ).save_pretrained(folder)


SAVE: dict[str, Callable[[Path], None]] = {"sd14": save_sd14, "sdxl": save_sdxl, "sd35-medium": save_sd35}
"""Preset -> what writes its model."""
