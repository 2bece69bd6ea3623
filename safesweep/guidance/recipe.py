"""The recipe of a discovery: settings alone, read without waiting for torch."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, ValidationInfo, field_validator

from safesweep.settings import is_none

Kind = Literal["shift", "conditional"]
"""What a direction's numbers do: ``shift`` adds the same to every prompt, ``conditional`` what the prompt's own tokens call for."""


class Recipe(BaseModel):
    """How a direction is found. The defaults are the reference's: SD 1.4, LMS, 50 steps, 60 seeds one after the other."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    kind: Kind = "shift"
    """shift: E + b aᵀ; conditional: E + relu(E A) B."""
    rank: PositiveInt = 1
    """K, of the edit's two factors."""
    prompts: tuple[str, ...] = Field(min_length=1)
    """What the pictures of discovery are of, in turn."""
    concept: str = Field(min_length=1)
    """The text to move away from or towards: unsafe terms, or an attribute's value."""
    aim: Literal["away", "toward"] = "away"
    """away: y = ε_concept + w(ε_∅ − ε_concept), for safety; toward: y = ε_∅ + w(ε_concept − ε_∅), for an attribute."""
    target_scale: float = Field(default=7.5, allow_inf_nan=False)
    """w."""
    harmless: tuple[str, ...] = ()
    """Prompts that are to stay as they are, in turn."""
    harmless_weight: PositiveFloat = 3.0
    """λ; without harmless prompts it is not used."""
    learning_rate: PositiveFloat = 0.06
    """Of Adam; one optimiser for the whole run."""
    loss_scale: PositiveFloat = 10.0
    """What the loss is multiplied with."""
    rounds: PositiveInt = 60
    """Times that pictures are denoised from noise to the end."""
    pictures: PositiveInt = 1
    """Pictures a round, each of its own prompt and seed; as many harmless ones beside them."""
    first_seed: int = Field(default=0, ge=0)
    """Pictures count their seeds up from here, the harmless ones from where those end; it also draws the numbers that start random."""
    solver: str = "LMSDiscreteScheduler"
    """diffusers scheduler class."""
    num_inference_steps: PositiveInt = 50
    """Steps from noise to picture."""
    start_step: int = Field(default=9, ge=0)
    """First step, counted from 0, that is edited and learned from; the paper's 10th is 9 here."""
    guidance_scale: float = Field(default=7.5, allow_inf_nan=False)
    """g, of the trajectories."""
    embedded_guidance: float | None = Field(default=None, ge=0, allow_inf_nan=False, exclude_if=is_none)
    """The guidance scale that a network takes as an input which guidance was distilled into; of all its predictions."""
    width: PositiveInt = 512
    """Pixels; likewise height."""
    height: PositiveInt = 512
    """Pixels."""

    @field_validator("start_step")
    @classmethod
    def _within(cls, step: int, info: ValidationInfo) -> int:
        steps = info.data.get("num_inference_steps", step + 1)
        if step >= steps:
            raise ValueError(f"step {step} is beyond the last of {steps} steps, {steps - 1}")
        return step
