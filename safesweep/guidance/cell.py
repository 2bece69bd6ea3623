"""A cell: a method with every number filled in, one point of a sweep's grid."""

import hashlib
import json
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SerializeAsAny, model_validator

from safesweep.guidance.edits import EDITS
from safesweep.guidance.edits.base import Edit
from safesweep.guidance.methods import METHODS
from safesweep.guidance.methods.base import Method
from safesweep.models.variants.checkpoint import Checkpoint
from safesweep.settings import is_none


def parse_method(value: Any) -> Method:
    """A method from a mapping such as ``{"method": "static_negative", "negative_scale": 7.5, …}``.

    Raises ``ValueError`` for an unknown method, and pydantic's ``ValidationError`` for a wrong or unknown option.
    """
    if isinstance(value, Method):
        return value
    name = value.get("method")
    if name not in METHODS:
        raise ValueError(f"method: {name!r} is unknown; allowed: {', '.join(METHODS)}")
    return METHODS[name].model_validate(value)


def parse_edit(value: Any) -> Edit | None:
    """A text edit from a mapping such as ``{"edit": "safe_region", "direction": "nudity", …}``.

    Raises ``ValueError`` for an unknown edit, and pydantic's ``ValidationError`` for a wrong or unknown option.
    """
    if value is None or isinstance(value, Edit):
        return value
    name = value.get("edit")
    if name not in EDITS:
        raise ValueError(f"edit: {name!r} is unknown; allowed: {', '.join(EDITS) or 'none'}")
    return EDITS[name].model_validate(value)


class Cell(BaseModel):
    """One way to make a picture of a prompt."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    guidance: Annotated[SerializeAsAny[Method], BeforeValidator(parse_method)]
    """The method and its numbers."""
    edit: Annotated[SerializeAsAny[Edit] | None, BeforeValidator(parse_edit)] = None
    """What becomes of the prompt's embedding first; any edit goes with any method."""
    checkpoint: Checkpoint | None = Field(default=None, exclude_if=is_none)
    """What is put on the run's model for this cell; ``None``: the model as it is."""
    guidance_scale: float | None = Field(default=None, allow_inf_nan=False)
    """g; ``None`` takes the prompt row's own. At 1 and below there is no guidance, as in diffusers (``acting_scale``)."""
    embedded_guidance: float | None = Field(default=None, ge=0, allow_inf_nan=False, exclude_if=is_none)
    """The guidance scale that a network takes as an input which guidance was distilled into (FLUX.1-dev); ``None`` for others."""
    solver: str
    """Name of the diffusers scheduler class."""
    num_inference_steps: int = Field(ge=1)

    @model_validator(mode="after")
    def _steps_fit(self) -> "Cell":
        self.guidance.check(self.num_inference_steps)
        if self.edit is not None:
            self.edit.check(self.num_inference_steps)
        return self

    @property
    def method(self) -> str:
        """The method's name, the checkpoint's and the edit's in front where there are some: "esd+safe_region+dynamic_negative"."""
        guidance = str(getattr(self.guidance, "method"))  # noqa: B009  (declared by each subclass as a Literal)
        parts = [] if self.checkpoint is None else [self.checkpoint.name]
        parts += [] if self.edit is None else [self.edit.name]
        return "+".join(parts if parts and guidance == "none" else [*parts, guidance])

    @property
    def negative_scale(self) -> float | None:
        """γ where the method has one."""
        return getattr(self.guidance, "negative_scale", None)

    def label(self) -> str:
        """A short name that tells the cells of a run apart: "dynamic_negative γ=7.5 g=4"."""
        scale = "" if self.guidance_scale is None else f"g={self.guidance_scale:g}"
        embedded = "" if self.embedded_guidance is None else f"embedded={self.embedded_guidance:g}"
        edit = self.edit.label() if self.edit is not None else ""
        checkpoint = self.checkpoint.label() if self.checkpoint is not None else ""
        return " ".join(
            part for part in (self.method, checkpoint, edit, self.guidance.label(), scale, embedded) if part
        )

    def canonical_json(self) -> str:
        """The cell as JSON with sorted keys: equal cells give equal text."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)

    def resolve(self, guidance_scale: float) -> "Cell":
        """The cell with the guidance scale filled in: its own, else this."""
        if self.guidance_scale is not None:
            return self
        return self.model_copy(update={"guidance_scale": guidance_scale})


def cell_labels(cells: Sequence[Cell]) -> list[str]:
    """A different name for each of different cells: ``label()``, and where several share it, what tells them apart.

    "dynamic_negative γ=7.5" twice becomes "dynamic_negative γ=7.5 query_steps=[3, 5]" and "… query_steps=[9]".
    """
    flat = [_flat(json.loads(cell.canonical_json())) for cell in cells]
    labels = []
    for cell, own in zip(cells, flat, strict=True):
        rivals = [other for rival, other in zip(cells, flat, strict=True) if rival.label() == cell.label()]
        telling = [key for key in own if any(own[key] != other.get(key) for other in rivals)]
        labels.append(" ".join([cell.label(), *(f"{key}={own[key]}" for key in telling)]))
    return labels


def _flat(value: dict[str, Any]) -> dict[str, Any]:
    parts = {name: value.pop(name, None) or {} for name in ("edit", "checkpoint")}
    dotted = {f"{name}.{key}": number for name, part in parts.items() for key, number in part.items()}
    return {**value.pop("guidance"), **dotted, **value}


class CellHash:
    """What of a trial's id its cell, the model and the VLM decide, hashed ahead: a run names millions of trials of few cells."""

    def __init__(self, cell: Cell, model: str, vlm: str | None) -> None:
        """``cell`` must be resolved for the prompt; ``model`` and ``vlm`` are digests, and the VLM's counts only where the method asks."""
        start = json.dumps({"cell": cell.canonical_json(), "model": model}, ensure_ascii=False)[:-1]
        self._start = hashlib.sha256(f'{start}, "seed": '.encode())
        self._end = f', "vlm": {json.dumps(vlm if cell.guidance.needs_vlm else None, ensure_ascii=False)}}}'

    def trial_id(self, text: str, seed: int, width: int, height: int) -> str:
        """Content hash of everything that decides the picture, 32 hexadecimal digits.

        ``text``: the prompt as ``as_json`` gives it; sizes in pixels. It is the SHA-256 of a JSON object with the keys cell, model,
        seed, size, text and vlm.
        """
        found = self._start.copy()
        found.update(f'{seed}, "size": [{width}, {height}], "text": {text}{self._end}'.encode())
        return found.hexdigest()[:32]


def as_json(text: str) -> str:
    """A prompt's text as ``CellHash.trial_id`` takes it."""
    return json.dumps(text, ensure_ascii=False)
