"""What a preset may ask of a processor: how pictures are sized, cut and scaled. A preset is data, and no option of it runs code."""

import math
from typing import Annotated, Any

from pydantic import AfterValidator

from safesweep.errors import did_you_mean

ALLOWED = (
    *("do_resize", "size", "min_pixels", "max_pixels", "resample", "longest_edge", "shortest_edge"),
    *("do_image_splitting", "max_image_size", "do_center_crop", "crop_size", "do_pad", "pad_size", "do_convert_rgb"),
    *("do_rescale", "rescale_factor", "do_normalize", "image_mean", "image_std"),
    *(
        "patch_size",
        "temporal_patch_size",
        "merge_size",
        "vision_feature_select_strategy",
        "num_additional_image_tokens",
    ),
    *("image_seq_len", "crop_to_patches", "min_patches", "max_patches", "use_thumbnail", "image_grid_pinpoints"),
)
"""Options of ``transformers``' processors that change numbers alone."""
REFUSED = {
    "trust_remote_code": "it would run code out of the model's folder",
    "code_revision": "it would choose code out of the model's folder",
    "chat_template": "a template is the model's own; another one belongs into its folder",
    "token": "a preset holds no keys",
    "use_auth_token": "a preset holds no keys",
    "proxies": "models are read from this machine alone",
    "cache_dir": "models are read from this machine alone",
}
"""Why, of those that people try."""


def check_processor_options(options: dict[str, Any]) -> dict[str, Any]:
    """``options``, if each is of ``ALLOWED`` and its value numbers, switches or words, in lists and mappings.

    Raises ``ValueError`` naming the option.
    """
    for name, value in options.items():
        if name not in ALLOWED:
            why = f" ({REFUSED[name]})" if name in REFUSED else ""
            hint = "" if why else did_you_mean(name, ALLOWED)
            raise ValueError(f"{name} may not be set by processor_options{why}; allowed: {', '.join(ALLOWED)}{hint}")
        if not plain(value):
            raise ValueError(f"{name}: numbers, true, false and words are allowed, in lists and mappings")
    return options


def plain(value: Any) -> bool:
    """Whether a value is numbers, switches and words, in lists and mappings."""
    if isinstance(value, list | tuple):
        return all(map(plain, value))
    if isinstance(value, dict):
        return all(isinstance(key, str) and key.isidentifier() and plain(inner) for key, inner in value.items())
    if isinstance(value, str):
        return value.isidentifier()
    return value is None or isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value))


ProcessorOptions = Annotated[dict[str, Any], AfterValidator(check_processor_options)]
"""Such options as a field."""
