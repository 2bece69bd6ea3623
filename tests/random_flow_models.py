"""Flow-matching pipelines of the real classes with random weights, very small: pictures 64 × 64 to latents 16 × 16."""

import string
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    AutoencoderKLQwenImage,
    FlowMatchEulerDiscreteScheduler,
    FluxPipeline,
    FluxTransformer2DModel,
    QwenImagePipeline,
    QwenImageTransformer2DModel,
    SD3Transformer2DModel,
    StableDiffusion3Pipeline,
    ZImagePipeline,
    ZImageTransformer2DModel,
)
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    PreTrainedTokenizerFast,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen3Config,
    Qwen3Model,
    T5Config,
    T5EncoderModel,
    T5Tokenizer,
)

from miniature.training.models import MAX_TOKENS, make_tokenizer

CLIP_WIDTHS = (8, 12)
T5_WIDTH = 32
JOINT_WIDTH = 32
LANGUAGE_WIDTH = 16
LANGUAGE = {
    "hidden_size": LANGUAGE_WIDTH,
    "intermediate_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "vocab_size": 300,
    "max_position_embeddings": 2048,
}
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


def random_qwen_image() -> QwenImagePipeline:
    """Qwen-Image; the same weights at every call."""
    torch.manual_seed(0)
    pipe = QwenImagePipeline(
        transformer=QwenImageTransformer2DModel(
            patch_size=2,
            in_channels=16,
            out_channels=4,
            num_layers=2,
            attention_head_dim=16,
            num_attention_heads=3,
            joint_attention_dim=LANGUAGE_WIDTH,
            axes_dims_rope=(8, 4, 4),
        ),
        scheduler=FlowMatchEulerDiscreteScheduler.from_config(
            {
                **FLUX_SCHEDULER,
                "max_image_seq_len": 8192,
                "max_shift": 0.9,
                "shift": 1.0,
                "shift_terminal": 0.02,
            }
        ),
        vae=AutoencoderKLQwenImage(
            base_dim=24,
            z_dim=4,
            dim_mult=[1, 2, 4],
            num_res_blocks=1,
            temperal_downsample=[False, True],
            latents_mean=[0.1, -0.2, 0.0, 0.3],
            latents_std=[1.0, 1.2, 0.9, 1.1],
        ),
        text_encoder=Qwen2_5_VLForConditionalGeneration(
            Qwen2_5_VLConfig(
                text_config={
                    **LANGUAGE,
                    "rope_scaling": {"mrope_section": [1, 1, 2], "rope_type": "default", "type": "default"},
                    "rope_theta": 1000000.0,
                },
                vision_config={
                    "depth": 2,
                    "hidden_size": 16,
                    "intermediate_size": 16,
                    "num_heads": 2,
                    "out_hidden_size": LANGUAGE_WIDTH,
                },
                vision_end_token_id=3,
                vision_start_token_id=2,
                vision_token_id=1,
                image_token_id=1,
                video_token_id=1,
            )
        ),
        tokenizer=language_tokenizer(),
    )
    return _ready(pipe)


def random_z_image() -> ZImagePipeline:
    """Z-Image; the same weights at every call."""
    torch.manual_seed(0)
    transformer = ZImageTransformer2DModel(
        all_patch_size=(2,),
        all_f_patch_size=(1,),
        in_channels=4,
        dim=32,
        n_layers=2,
        n_refiner_layers=1,
        n_heads=2,
        n_kv_heads=2,
        cap_feat_dim=LANGUAGE_WIDTH,
        axes_dims=[8, 4, 4],
        axes_lens=[1536, 64, 64],
    )
    with torch.no_grad():  # the class leaves them as the memory was
        for token in (transformer.x_pad_token, transformer.cap_pad_token):
            token.normal_(std=0.02)
    pipe = ZImagePipeline(
        transformer=transformer,
        scheduler=FlowMatchEulerDiscreteScheduler(num_train_timesteps=1000, shift=3.0),
        vae=_vae(4, 0.3611, 0.1159),
        text_encoder=Qwen3Model(Qwen3Config(**LANGUAGE, head_dim=8, use_sliding_window=False)),
        tokenizer=language_tokenizer(),
    )
    return _ready(pipe)


def language_tokenizer() -> PreTrainedTokenizerFast:
    """A byte-level tokenizer without merges, with a chat template."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    marks = ["<|endoftext|>", "<|vision|>", "<|vision_start|>", "<|vision_end|>", "<|im_start|>", "<|im_end|>"]
    raw = Tokenizer(models.BPE({token: place for place, token in enumerate([*marks, *letters])}, []))
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    raw.add_special_tokens(marks)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=raw, pad_token="<|endoftext|>", model_max_length=131072)
    tokenizer.chat_template = (
        "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )
    return tokenizer


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
