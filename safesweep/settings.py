"""What every section of the configuration has in common."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

Dtype = Literal["float32", "float16", "bfloat16"]


class Section(BaseModel):
    """A part of the configuration: frozen, unknown keys refused; the docstring under a field is its help."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


def is_none(value: object) -> bool:
    """For ``exclude_if``: an option that is not given is not written, so that what is made of the others alone keeps its content hash."""
    return value is None
