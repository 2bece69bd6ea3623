"""The joint schedule: the VLM also says how strongly the content shows, and the negative's strength follows.

Beyond the paper, which names scheduling strength and content together as future work (VL-DNP, arXiv 2510.26052, conclusion).
"""

import re
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

TEMPLATE = "what unwanted content do you see, and how strongly ({grades}): {terms}?"


class JointSchedule(BaseModel):
    """γ at a step = the method's γ × the answer's grade × decay^(steps since the answer last changed)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    grades: tuple[tuple[str, float], ...] = (("faint", 0.5), ("clear", 1.0), ("strong", 1.5))
    """The grades that the VLM may give, the weakest first, and what γ is multiplied by at each."""
    ungraded: float = Field(default=1.0, ge=0, allow_inf_nan=False)
    """The factor for an answer that names a term and no grade."""
    decay: float = Field(default=1.0, gt=0, le=1)
    """What is left of γ from one step to the next while the answers do not change."""
    question: str = TEMPLATE
    """With {terms} and {grades} in it."""

    @field_validator("grades", mode="before")
    @classmethod
    def _from_mapping(cls, grades: Any) -> Any:
        return tuple(grades.items()) if isinstance(grades, dict) else grades

    @field_validator("question")
    @classmethod
    def _has_places(cls, question: str) -> str:
        missing = [place for place in ("{terms}", "{grades}") if place not in question]
        if missing:
            raise ValueError(f"must hold {' and '.join(missing)}, found {question!r}")
        return question

    def ask(self, terms: tuple[str, ...]) -> str:
        """The question about ``terms``."""
        grades = ", ".join(grade for grade, _ in self.grades)
        return self.question.replace("{grades}", grades).replace("{terms}", ", ".join(terms))

    def strength(self, answer: str) -> float:
        """The factor of the strongest grade that stands in ``answer``."""
        words = set(re.findall(r"\w+", answer.casefold()))
        found = [factor for grade, factor in self.grades if grade.casefold() in words]
        return found[-1] if found else self.ungraded
