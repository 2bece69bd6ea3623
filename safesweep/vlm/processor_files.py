"""What a VLM's processor needs of its folder, read from the files alone: without it every question would fail once the model is loaded."""

from collections.abc import Mapping
from typing import Any

from safesweep.models.checkpoint import ModelFolder

TEMPLATES = ("chat_template.jinja", "chat_template.json")
"""Files that hold a chat template."""
OF_PATCHES = ("LlavaProcessor", "LlavaNextProcessor", "LlavaNextVideoProcessor", "VideoLlavaProcessor")
"""Processors that reckon the number of a picture's tokens from the side of a patch."""
CONFIGS = ("processor_config.json", "preprocessor_config.json", "tokenizer_config.json")
"""Where a processor's class may be named."""


def check_processor(folder: ModelFolder, options: Mapping[str, Any]) -> None:
    """Checks that there is a chat template, and for LLaVA's processors the side of a patch, in the files or in ``options``.

    Raises ``InputError`` naming the folder, the file and what to put there.
    """
    configs = {name: folder.read(name) for name in CONFIGS if (folder.path / name).is_file()}
    processor = configs.get("processor_config.json", {})
    templated = any((folder.path / name).is_file() for name in TEMPLATES) or processor.get("chat_template")
    if not templated:
        raise folder.missing(
            "the processor has no chat template; allowed: a model whose folder has chat_template.jinja", TEMPLATES[0]
        )
    named = next((config["processor_class"] for config in configs.values() if "processor_class" in config), None)
    if named is None and folder.read("config.json").get("model_type") == "llava":
        named = "LlavaProcessor"
    if named in OF_PATCHES and not {**processor, **options}.get("patch_size"):
        raise folder.missing(
            f"{named} has no patch_size; allowed: the side of a patch of its vision model, in processor_config.json or as "
            "vlm.processor_options: {patch_size: 14, vision_feature_select_strategy: default}",
            "processor_config.json",
        )
