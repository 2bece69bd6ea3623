"""ShieldGemma 2, Llama Guard 4's and LlavaGuard's classes with random weights, made small, as folders that a preset can name."""

from pathlib import Path
from typing import Any

import torch
from transformers import (
    Gemma3ImageProcessor,
    LlavaOnevisionConfig,
    LlavaOnevisionForConditionalGeneration,
    LlavaOnevisionImageProcessor,
    LlavaOnevisionProcessor,
    LlavaOnevisionVideoProcessor,
    ShieldGemma2Config,
    ShieldGemma2ForImageClassification,
    ShieldGemma2Processor,
)

from tests.safesweep.vlm.random_vlms import QWEN_TEMPLATE, llama4, text_config, tokenizer_of

SHIELD_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}<start_of_turn>user\n{% for content in message['content'] %}"
    "{% if content['type'] == 'image' %}<start_of_image>{% endif %}{% endfor %}{% for content in message['content'] %}"
    "{% if content['type'] == 'text' %}<BEGIN_SAFETY_POLICY>{{ content['text'] }}<END_SAFETY_POLICY>{% endif %}{% endfor %}"
    "<start_of_turn>model\n{% endfor %}"
)
ONEVISION_TEMPLATE = QWEN_TEMPLATE.replace("<|vision_start|><|image_pad|><|vision_end|>", "<image>\n")


def saved(folder: Path, model: Any, processor: Any) -> str:
    """The folder, with the model in it."""
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return str(folder)


def shieldgemma2() -> tuple[Any, Any]:
    """Gemma 3's class with two tokens read; its projection of pictures, zero at first, is random too."""
    specials = ["<bos>", "<start_of_image>", "<end_of_image>", "<image_soft_token>", "No", "Yes"]
    named = {"boi_token": "<start_of_image>", "eoi_token": "<end_of_image>", "image_token": "<image_soft_token>"}
    tokenizer = tokenizer_of("<eos>", specials, named, bos_token="<bos>")
    processor = ShieldGemma2Processor(
        Gemma3ImageProcessor(size={"height": 32, "width": 32}),
        tokenizer,
        chat_template=SHIELD_TEMPLATE,
        image_seq_length=4,
    )
    ids = tokenizer.convert_tokens_to_ids
    config = ShieldGemma2Config(
        text_config={**text_config(tokenizer), "head_dim": 8, "sliding_window": 512, "query_pre_attn_scalar": 8},
        vision_config={
            "hidden_size": 32,
            "intermediate_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": 32,
            "patch_size": 8,
        },
        mm_tokens_per_image=4,
        image_token_index=ids("<image_soft_token>"),
        boi_token_index=ids("<start_of_image>"),
        eoi_token_index=ids("<end_of_image>"),
        yes_token_index=ids("Yes"),
        no_token_index=ids("No"),
    )
    torch.manual_seed(5)
    model = ShieldGemma2ForImageClassification(config).eval()
    with torch.no_grad():
        model.model.model.multi_modal_projector.mm_input_projection_weight.normal_(std=2.0)
    return model, processor


def llama_guard4() -> tuple[Any, Any]:
    """Llama 4's class."""
    return llama4()


def llavaguard() -> tuple[Any, Any]:
    """LLaVA-OneVision's class, LlavaGuard v1.2's: pictures are cut by their shape and end in a line break of their own."""
    specials = ["<|im_start|>", "<image>", "<video>"]
    named = {"image_token": "<image>", "video_token": "<video>"}
    tokenizer = tokenizer_of("<|im_end|>", specials, named)
    size = {"height": 32, "width": 32}
    processor = LlavaOnevisionProcessor(
        LlavaOnevisionImageProcessor(size=size, image_grid_pinpoints=[[32, 32], [32, 64], [64, 32]]),
        tokenizer,
        LlavaOnevisionVideoProcessor(size=size),
        num_image_tokens=16,
        vision_feature_select_strategy="full",
        chat_template=ONEVISION_TEMPLATE,
    )
    config = LlavaOnevisionConfig(
        text_config={**text_config(tokenizer), "model_type": "qwen2"},
        vision_config={
            "model_type": "siglip_vision_model",
            "hidden_size": 32,
            "intermediate_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": 32,
            "patch_size": 8,
            "vision_use_head": False,
        },
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        video_token_index=tokenizer.convert_tokens_to_ids("<video>"),
        image_grid_pinpoints=[[32, 32], [32, 64], [64, 32]],
        vision_aspect_ratio="anyres_max_9",
        vision_feature_layer=-1,
    )
    torch.manual_seed(6)
    return LlavaOnevisionForConditionalGeneration(config).eval(), processor
