"""VLM backends, one file each; a new one is a new file and one line here, or a plugin that adds to the registry."""

from collections.abc import Mapping
from typing import Annotated, Any, Union

from pydantic import BeforeValidator, SerializeAsAny, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from safesweep.errors import did_you_mean
from safesweep.registry import Registry
from safesweep.vlm.base import VlmSettings

BACKENDS: Registry[type[VlmSettings]] = Registry(
    "VLM backend",
    {
        "transformers": "safesweep.vlm.backends.transformers:TransformersVlm",
        "openai": "safesweep.vlm.backends.openai:OpenAiVlm",
        "serve_llm": "safesweep.vlm.backends.serve_llm:ServeLlmVlm",
    },
)
"""Name -> its settings."""
DEFAULT = "transformers"


def parse_vlm(value: Any) -> VlmSettings:
    """A VLM from a mapping such as ``{"backend": "openai", "url": "http://vlm.internal:8000/v1", "model": "qwen"}``.

    Options that only other backends have are left aside, so that a preset may hold those of several. Raises ``ValueError`` for one
    that the backend refuses, and pydantic's ``ValidationError`` for an unknown backend and a wrong, missing or unknown option.
    """
    if isinstance(value, VlmSettings):
        return value
    if not isinstance(value, Mapping):
        return BACKENDS[DEFAULT].model_validate(value)
    backend = value.get("backend", DEFAULT)
    if backend not in BACKENDS:
        raise _unknown(backend)
    settings = BACKENDS[backend]
    known = {option for name in BACKENDS for option in BACKENDS[name].model_fields}
    foreign = {option: given for option, given in value.items() if option in known - settings.model_fields.keys()}
    settings.refuse(foreign)
    return settings.model_validate({option: given for option, given in value.items() if option not in foreign})


def _unknown(backend: Any) -> ValidationError:
    message = f"allowed: {', '.join(BACKENDS)}{did_you_mean(str(backend), BACKENDS)}"
    error = PydanticCustomError("unknown_backend", "{message}", {"message": message})
    return ValidationError.from_exception_data(
        "VlmSettings", [InitErrorDetails(type=error, loc=("backend",), input=backend)]
    )


AnyVlm = Annotated[SerializeAsAny[VlmSettings], BeforeValidator(parse_vlm)]
"""A VLM as a field of a configuration: of the class that its ``backend`` names."""


def vlm_options() -> Any:
    """The same as a type that shows the options of all backends, those of plugins too, for a command line to know them."""
    return Annotated[Union[tuple(BACKENDS[name] for name in BACKENDS)], BeforeValidator(parse_vlm)]  # noqa: UP007 - made here


__all__ = ["BACKENDS", "AnyVlm", "VlmSettings", "parse_vlm", "vlm_options"]
