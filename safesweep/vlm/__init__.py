"""Vision-language models behind one call: a picture and a question in, a raw answer out. One file a backend."""

from typing import TYPE_CHECKING, Any

from safesweep.vlm.examples import Example

if TYPE_CHECKING:
    from safesweep.vlm.local import VisionLanguageModel


def __getattr__(name: str) -> Any:
    """``VisionLanguageModel`` brings transformers along, which whoever only checks a config or asks an endpoint does not need."""
    if name == "VisionLanguageModel":
        from safesweep.vlm.local import VisionLanguageModel

        return VisionLanguageModel
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = ["Example", "VisionLanguageModel"]
