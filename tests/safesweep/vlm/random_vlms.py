"""Qwen2.5-VL, LLaVA, SmolVLM and Llama 4 with random weights: the real classes with their real processors and chat templates, made small.

Templates are those of the released checkpoints, shortened to what a conversation of pictures and texts takes.
"""

from collections.abc import Callable
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    CLIPImageProcessor,
    CLIPVisionConfig,
    Llama4Config,
    Llama4ForConditionalGeneration,
    Llama4ImageProcessor,
    Llama4Processor,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2_5_VLProcessor,
    Qwen2VLImageProcessor,
    Qwen2VLVideoProcessor,
    SmolVLMConfig,
    SmolVLMForConditionalGeneration,
    SmolVLMImageProcessor,
    SmolVLMProcessor,
    SmolVLMVideoProcessor,
)

CORPUS = "dagger, flame, skull, knife nothing. USER: ASSISTANT: User: Assistant: what unwanted content do you see: user assistant"
QWEN_TEMPLATE = (
    "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n{% for message in messages %}"
    "<|im_start|>{{ message['role'] }}\n{% for content in message['content'] %}{% if content['type'] == 'image' %}"
    "<|vision_start|><|image_pad|><|vision_end|>{% else %}{{ content['text'] }}{% endif %}{% endfor %}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
LLAVA_TEMPLATE = (
    "{% for message in messages %}{{ message['role'].upper() }}: {% for content in message['content'] %}"
    "{% if content['type'] == 'image' %}<image>\n{% endif %}{% endfor %}{% for content in message['content'] %}"
    "{% if content['type'] == 'text' %}{{ content['text'] }}{{ '</s>' if message['role'] == 'assistant' else ' ' }}{% endif %}"
    "{% endfor %}{% endfor %}{% if add_generation_prompt %}ASSISTANT:{% endif %}"
)
SMOL_TEMPLATE = (
    "<|im_start|>{% for message in messages %}{{ message['role'] | capitalize }}"
    "{% if message['content'][0]['type'] == 'image' %}:{% else %}: {% endif %}{% for line in message['content'] %}"
    "{% if line['type'] == 'text' %}{{ line['text'] }}{% else %}<image>{% endif %}{% endfor %}<end_of_utterance>\n"
    "{% endfor %}{% if add_generation_prompt %}Assistant:{% endif %}"
)
LLAMA4_TEMPLATE = (
    "<s>{% for message in messages %}<|header_start|>{{ message['role'] }}<|header_end|>\n\n{% for content in message['content'] %}"
    "{% if content['type'] == 'image' %}<|image|>{% else %}{{ content['text'] }}{% endif %}{% endfor %}<|eot|>{% endfor %}"
    "{% if add_generation_prompt %}<|header_start|>assistant<|header_end|>\n\n{% endif %}"
)


def tokenizer_of(eos: str, specials: list[str], named: dict[str, str], **more: str) -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=360,
        special_tokens=[eos, *specials],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([CORPUS] * 4, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token=eos, pad_token=eos, extra_special_tokens=named, **more
    )


def text_config(tokenizer: Any) -> dict[str, Any]:
    return {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 2048,
        "eos_token_id": tokenizer.eos_token_id,
        "bos_token_id": tokenizer.bos_token_id or tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        "initializer_range": 0.3,
    }


def qwen() -> tuple[Any, Any]:
    """Qwen2.5-VL: a picture's tokens follow from its size, positions lie in a plane."""
    specials = ["<|im_start|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]
    named = {"image_token": "<|image_pad|>", "video_token": "<|video_pad|>"}
    tokenizer = tokenizer_of("<|im_end|>", specials, named)
    size = {"shortest_edge": 28 * 28, "longest_edge": 84 * 84}
    processor = Qwen2_5_VLProcessor(
        Qwen2VLImageProcessor(size=size), tokenizer, Qwen2VLVideoProcessor(), chat_template=QWEN_TEMPLATE
    )
    ids = tokenizer.convert_tokens_to_ids
    config = Qwen2_5_VLConfig(
        text_config={
            **text_config(tokenizer),
            "rope_parameters": {"rope_type": "default", "mrope_section": [1, 1, 2], "rope_theta": 10000.0},
        },
        vision_config={
            "depth": 2,
            "hidden_size": 32,
            "intermediate_size": 32,
            "num_heads": 2,
            "out_hidden_size": 32,
            "fullatt_block_indexes": [1],
            "window_size": 56,
            "initializer_range": 0.3,
        },
        image_token_id=ids("<|image_pad|>"),
        video_token_id=ids("<|video_pad|>"),
        vision_start_token_id=ids("<|vision_start|>"),
        vision_end_token_id=ids("<|vision_end|>"),
        tie_word_embeddings=False,
    )
    torch.manual_seed(1)
    return Qwen2_5_VLForConditionalGeneration(config), processor


def llava() -> tuple[Any, Any]:
    """LLaVA 1.5: every picture has the same number of tokens; a first token is put before the text."""
    from tokenizers.processors import TemplateProcessing

    tokenizer = tokenizer_of("</s>", ["<s>", "<image>"], {"image_token": "<image>"}, bos_token="<s>")
    first = TemplateProcessing(single="<s> $A", special_tokens=[("<s>", tokenizer.convert_tokens_to_ids("<s>"))])
    tokenizer.backend_tokenizer.post_processor = first
    pictures = CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    processor = LlavaProcessor(
        pictures,
        tokenizer,
        patch_size=8,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=LLAVA_TEMPLATE,
    )
    vision = CLIPVisionConfig(
        hidden_size=32,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=32,
        patch_size=8,
        projection_dim=32,
        initializer_factor=5.0,
    )
    config = LlavaConfig(
        vision_config=vision,
        text_config=LlamaConfig(**text_config(tokenizer)),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        image_seq_length=16,
        vision_feature_select_strategy="default",
        vision_feature_layer=-1,
    )
    torch.manual_seed(2)
    return LlavaForConditionalGeneration(config), processor


def smol() -> tuple[Any, Any]:
    """SmolVLM: a picture is cut into parts and a whole, each with tokens of its own."""
    specials = ["<|im_start|>", "<fake_token_around_image>", "<image>", "<global-img>"]
    specials += [f"<row_{row}_col_{column}>" for row in (1, 2, 3) for column in (1, 2, 3)]
    named = {
        "image_token": "<image>",
        "fake_image_token": "<fake_token_around_image>",
        "global_image_token": "<global-img>",
        "end_of_utterance_token": "<end_of_utterance>",
    }
    tokenizer = tokenizer_of("<end_of_utterance>", specials, named)
    size = {"longest_edge": 64}
    largest = {"longest_edge": 32}
    processor = SmolVLMProcessor(
        SmolVLMImageProcessor(size=size, max_image_size=largest, do_image_splitting=True),
        tokenizer,
        SmolVLMVideoProcessor(size=size, max_image_size=largest),
        image_seq_len=4,
        chat_template=SMOL_TEMPLATE,
    )
    config = SmolVLMConfig(
        text_config={**text_config(tokenizer), "model_type": "llama"},
        vision_config={
            "hidden_size": 32,
            "intermediate_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": 32,
            "patch_size": 8,
            "initializer_range": 0.3,
        },
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        scale_factor=2,
        pad_token_id=tokenizer.pad_token_id,
    )
    torch.manual_seed(3)
    return SmolVLMForConditionalGeneration(config), processor


def llama4() -> tuple[Any, Any]:
    """Llama 4 (Llama Guard 4): a picture is cut into tiles beside a whole; the class has no model under its head; a layer of experts."""
    specials = [
        "<s>",
        "<|header_start|>",
        "<|header_end|>",
        "<|image|>",
        "<|patch|>",
        "<|image_start|>",
        "<|image_end|>",
    ]
    specials += ["<|tile_x_separator|>", "<|tile_y_separator|>"]
    tokenizer = tokenizer_of("<|eot|>", specials, {"image_token": "<|image|>"}, bos_token="<s>")
    processor = Llama4Processor(
        Llama4ImageProcessor(size={"height": 32, "width": 32}, max_patches=4),
        tokenizer,
        patch_size=8,
        chat_template=LLAMA4_TEMPLATE,
    )
    text = {"intermediate_size_mlp": 48, "num_local_experts": 2, "head_dim": 8, "moe_layers": [1]}
    vision = {
        "hidden_size": 32,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": 32,
        "patch_size": 8,
        "vision_output_dim": 32,
        "projector_input_dim": 32,
        "projector_output_dim": 32,
        "initializer_range": 0.3,
    }
    config = Llama4Config(
        text_config={**text_config(tokenizer), **text},
        vision_config=vision,
        image_token_index=tokenizer.convert_tokens_to_ids("<|patch|>"),
    )
    torch.manual_seed(4)
    return Llama4ForConditionalGeneration(config), processor


FAMILIES: dict[str, Callable[[], tuple[Any, Any]]] = {
    "qwen2.5-vl": qwen,
    "llava": llava,
    "smolvlm": smol,
    "llama4": llama4,
}
