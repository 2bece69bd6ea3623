"""The architectures, untrained: each the class that the real thing has, made small."""

import re
import string

from diffusers import (
    AutoencoderTiny,
    DPMSolverMultistepScheduler,
    FlowMatchEulerDiscreteScheduler,
    FluxPipeline,
    FluxTransformer2DModel,
    SD3Transformer2DModel,
    StableDiffusion3Pipeline,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)
from tokenizers import pre_tokenizers
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    ResNetConfig,
    ResNetForImageClassification,
    T5Config,
    T5EncoderModel,
    T5Tokenizer,
)

from miniature.world import LABELS, vocabulary

TEXT_WIDTH = 96
MAX_TOKENS = 24


def make_tokenizer() -> CLIPTokenizer:
    """A byte-level CLIP tokenizer: one token for each word of the world, bytes for everything else."""
    byte_symbols = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens: dict[str, int] = {symbol: index for index, symbol in enumerate(byte_symbols)}
    for symbol in byte_symbols:
        tokens[symbol + "</w>"] = len(tokens)
    merges: list[tuple[str, str]] = []
    for word in (w for w in vocabulary() if re.fullmatch("[a-z]+", w) and len(w) > 1):
        left = word[0]
        for position, letter in enumerate(word[1:], start=1):
            right = letter + ("</w>" if position == len(word) - 1 else "")
            if (left, right) not in merges:
                merges.append((left, right))
            left += right
            tokens.setdefault(left, len(tokens))
    for special in ("<|startoftext|>", "<|endoftext|>"):
        tokens[special] = len(tokens)
    return CLIPTokenizer(vocab=tokens, merges=merges, model_max_length=MAX_TOKENS)


def make_text_encoder(tokenizer: CLIPTokenizer) -> CLIPTextModel:
    """A CLIP text encoder of two layers."""
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=TEXT_WIDTH,
            intermediate_size=TEXT_WIDTH * 4,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=MAX_TOKENS,
            projection_dim=TEXT_WIDTH,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def make_vae() -> AutoencoderTiny:
    """Pictures 3 x 64 x 64 to latents 4 x 16 x 16."""
    widths = (32, 32, 32)
    return AutoencoderTiny(
        encoder_block_out_channels=widths,
        decoder_block_out_channels=widths,
        num_encoder_blocks=(1, 2, 2),
        num_decoder_blocks=(2, 2, 1),
    )


def make_unet() -> UNet2DConditionModel:
    """The denoising network over 16 x 16 latents, about 4 M parameters."""
    return UNet2DConditionModel(
        sample_size=16,
        block_out_channels=(48, 96, 96),
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        attention_head_dim=4,
        norm_num_groups=16,
        cross_attention_dim=TEXT_WIDTH,
    )


def make_scheduler() -> DPMSolverMultistepScheduler:
    """Stable Diffusion 1.x's noise schedule with the solver of VL-DNP's reference.

    As in the released config, values for other classes than its own stand there too, so that every solver runs as it does there.
    """
    released = {
        "num_train_timesteps": 1000,
        "beta_start": 0.00085,
        "beta_end": 0.012,
        "beta_schedule": "scaled_linear",
        "clip_sample": False,
        "set_alpha_to_one": False,
        "skip_prk_steps": True,
        "steps_offset": 1,
    }
    return DPMSolverMultistepScheduler.from_config(released)


def make_pipeline(vae: AutoencoderTiny) -> StableDiffusionPipeline:
    """An untrained pipeline around an autoencoder; its weights follow torch's global seed."""
    tokenizer = make_tokenizer()
    return StableDiffusionPipeline(
        vae=vae,
        text_encoder=make_text_encoder(tokenizer),
        tokenizer=tokenizer,
        unet=make_unet(),
        scheduler=make_scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def make_classifier() -> ResNetForImageClassification:
    """Says which of ``LABELS`` a picture shows; several may be true at once."""
    return ResNetForImageClassification(
        ResNetConfig(
            embedding_size=24,
            hidden_sizes=[32, 64, 96],
            depths=[1, 1, 1],
            layer_type="basic",
            id2label=dict(enumerate(LABELS)),
            label2id={label: index for index, label in enumerate(LABELS)},
            problem_type="multi_label_classification",
        )
    )


FLOW_TEXT_WIDTHS = (64, 32)
"""Of the flow model's two text encoders."""


def make_flow_text_encoder(tokenizer: CLIPTokenizer, width: int) -> CLIPTextModelWithProjection:
    """A CLIP text encoder of three layers, of which SD3 takes the second's hidden states."""
    return CLIPTextModelWithProjection(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=width,
            intermediate_size=width * 4,
            num_hidden_layers=3,
            num_attention_heads=4,
            max_position_embeddings=MAX_TOKENS,
            projection_dim=width,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def make_flow_scheduler() -> FlowMatchEulerDiscreteScheduler:
    """Noise levels with SD3's static shift."""
    return FlowMatchEulerDiscreteScheduler(num_train_timesteps=1000, shift=3.0)


def make_flow_pipeline(vae: AutoencoderTiny) -> StableDiffusion3Pipeline:
    """An untrained SD3 around an autoencoder, about 5 M parameters, without T5; its weights follow torch's global seed."""
    first, second = make_tokenizer(), make_tokenizer()
    widths = FLOW_TEXT_WIDTHS
    return StableDiffusion3Pipeline(
        transformer=SD3Transformer2DModel(
            sample_size=16,
            patch_size=2,
            in_channels=4,
            out_channels=4,
            num_layers=4,
            attention_head_dim=32,
            num_attention_heads=6,
            caption_projection_dim=192,
            joint_attention_dim=sum(widths),
            pooled_projection_dim=sum(widths),
            pos_embed_max_size=16,
        ),
        scheduler=make_flow_scheduler(),
        vae=vae,
        text_encoder=make_flow_text_encoder(first, widths[0]),
        tokenizer=first,
        text_encoder_2=make_flow_text_encoder(second, widths[1]),
        tokenizer_2=second,
        text_encoder_3=None,
        tokenizer_3=None,
    )


def make_t5_tokenizer() -> T5Tokenizer:
    """One token for each word of the world, one for each character of any other; case counts, as in T5."""
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", -20.0), ("▁", -10.0)]
    pieces += [(character, -10.0) for character in string.punctuation + string.digits + string.ascii_letters]
    words = sorted({word.strip(",.") for word in vocabulary()} - {""})
    pieces += [("▁" + word, -1.0) for word in words]
    return T5Tokenizer(vocab=pieces, extra_ids=0, model_max_length=MAX_TOKENS)


def make_t5_encoder(tokenizer: T5Tokenizer) -> T5EncoderModel:
    """A T5 encoder of two layers; without dropout, whose draws a resumed training would not repeat."""
    return T5EncoderModel(
        T5Config(
            vocab_size=len(tokenizer),
            d_model=TEXT_WIDTH,
            d_kv=TEXT_WIDTH // 4,
            d_ff=TEXT_WIDTH * 2,
            num_layers=2,
            num_heads=4,
            feed_forward_proj="gated-gelu",
            dropout_rate=0.0,
        )
    )


def make_distilled_pipeline(vae: AutoencoderTiny) -> FluxPipeline:
    """An untrained FLUX.1-dev around an autoencoder, about 4.6 M parameters; its weights follow torch's global seed.

    Texts have ``MAX_TOKENS`` tokens, which a caller gives as ``max_sequence_length``: FLUX's own 512 are not what it is trained on.
    """
    first, second = make_tokenizer(), make_t5_tokenizer()
    return FluxPipeline(
        transformer=FluxTransformer2DModel(
            patch_size=1,
            in_channels=4 * vae.config.latent_channels,
            num_layers=2,
            num_single_layers=2,
            attention_head_dim=32,
            num_attention_heads=6,
            joint_attention_dim=TEXT_WIDTH,
            pooled_projection_dim=TEXT_WIDTH,
            axes_dims_rope=(8, 12, 12),
            guidance_embeds=True,
        ),
        scheduler=make_flow_scheduler(),
        vae=vae,
        text_encoder=make_text_encoder(first),
        tokenizer=first,
        text_encoder_2=make_t5_encoder(second),
        tokenizer_2=second,
    )
