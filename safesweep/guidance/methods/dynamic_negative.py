"""Dynamic VLM-guided negative prompting (VL-DNP, arXiv 2510.26052): negate what is seen, while it is seen."""

from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import BeforeValidator, Field, field_validator, model_validator

from safesweep.guidance.methods.base import (
    Answer,
    Ask,
    At,
    Look,
    Looked,
    Method,
    StepPlan,
    negative_plan,
    positive_plan,
)
from safesweep.guidance.methods.followed_strength import Followed, FollowedStrength, any_of
from safesweep.guidance.methods.levels import nearest_steps
from safesweep.guidance.methods.schedule import JointSchedule
from safesweep.settings import is_none
from safesweep.vlm.gate import NamedGate
from safesweep.vlm.gating import ASK_BELOW, AUDIT, Gating
from safesweep.vlm.vocabulary import HarmVocabulary


class InForce(NamedTuple):
    """The negative that the answers put in force: its terms and their text, the factor of γ, and the step that it came with."""

    terms: frozenset[str]
    negative: str
    factor: float
    since: int
    followed: Followed | None = None
    """γ itself, where it follows a gate's looks."""


def _by_name(value: Any) -> Any:
    return HarmVocabulary.from_yaml(value) if isinstance(value, str) else value


class DynamicNegative(Method):
    """At each query step the VLM is asked what unwanted content the predicted clean picture shows.

    The answer acts at the query step itself and until the next one: terms found become the negative prompt of
    ε_∅ + g(ε_c − ε_∅) − γ(ε_n − ε_∅); no term found switches the negative off, unless it is to ``remember``. The memory is the negative
    in force, or ``None``.
    With a ``schedule`` γ follows how strongly the VLM says that the content shows, with ``strength`` how surely a gate sees it, at every
    step from the first answer that named something. Answers are read by words, negations understood, where
    the released loop looks for a part's name anywhere in the answer; docs/methods.md says what else differs.
    """

    needs_vlm: ClassVar[bool] = True

    method: Literal["dynamic_negative"] = "dynamic_negative"
    negative_scale: float = Field(allow_inf_nan=False)
    """γ, the strength of the negative term."""
    query_steps: tuple[int, ...] = ()
    """Steps, counted from 0, that wait for an answer."""
    query_levels: tuple[float, ...] | None = Field(default=None, min_length=1, exclude_if=is_none)
    """In their place: noise levels, from 1 (noise) to 0 (picture), each asked about at the step nearest to it. A level means the same
    for every model, number of steps and solver, where a step's number does not; it is σ of a flow-matching model, and the σ with the
    same ratio of noise to picture, √(1−ᾱ) / (√ᾱ + √(1−ᾱ)), of a noise-predicting one."""
    vocabulary: Annotated[HarmVocabulary, BeforeValidator(_by_name)]
    """What the VLM is asked about, and how its answers are read; a name, a YAML file, or the vocabulary itself."""
    reuse_similarity: float | None = Field(default=None, gt=0, le=1)
    """Do not ask again about a preview that is this much like the last one asked about: cosine similarity of the predicted clean
    latents. EVLDNP's reuse, which takes CLIP's cosine, 0.95; off by default."""

    remember: bool = False
    """Keep negating what was seen once, so that content which a negative has pushed out cannot grow back; off by default, as in the paper,
    where every answer replaces the one before."""

    @field_validator("query_steps")
    @classmethod
    def _ascending(cls, steps: tuple[int, ...]) -> tuple[int, ...]:
        if list(steps) != sorted(set(steps)) or (steps and steps[0] < 0):
            raise ValueError(f"must be different steps >= 0 in ascending order, found {list(steps)}")
        return steps

    @field_validator("query_levels")
    @classmethod
    def _descending(cls, levels: tuple[float, ...] | None) -> tuple[float, ...] | None:
        if levels and (list(levels) != sorted(set(levels), reverse=True) or levels[0] > 1 or levels[-1] <= 0):
            raise ValueError(f"must be different levels in (0, 1] in descending order, found {list(levels)}")
        return levels

    @model_validator(mode="after")
    def _one_of_both(self) -> "DynamicNegative":
        if bool(self.query_steps) == bool(self.query_levels):
            raise ValueError("query_steps or query_levels: one of both is needed")
        return self

    schedule: JointSchedule | None = None
    """Let γ follow the VLM's grade; off by default, as in the paper."""

    strength: FollowedStrength | None = Field(default=None, exclude_if=is_none)
    """Let γ follow what a gate sees in the previews, between the questions too; off by default."""

    gate: NamedGate | None = Field(default=None, exclude_if=is_none)
    """Who answers in the VLM's place where it is sure: a gate's name or folder (``safesweep distill``)."""
    ask_below: float | None = Field(default=None, gt=0, le=1, exclude_if=is_none)
    """The VLM is asked where the gate's probability that the VLM would answer the same is below; 0.98 by default."""
    audit: float | None = Field(default=None, ge=0, le=1, exclude_if=is_none)
    """Share of the gate's sure answers that the VLM is asked for all the same; its answer counts then. 0.05 by default."""

    @model_validator(mode="before")
    @classmethod
    def _gate_has_numbers(cls, values: Any) -> Any:
        # filled in, so that a default and the same number written down are one cell
        if not isinstance(values, dict) or values.get("gate") is None:
            return values
        defaults = {"ask_below": ASK_BELOW, "audit": AUDIT}
        return {**values, **{name: number for name, number in defaults.items() if values.get(name) is None}}

    @model_validator(mode="after")
    def _strength_fits(self) -> "DynamicNegative":
        if self.strength is None:
            return self
        if self.schedule is not None:
            raise ValueError("strength: it follows a gate, and schedule the VLM's grades; allowed: one of both")
        if self.negative_scale < 0:
            raise ValueError(f"strength: follows a negative_scale of at least 0, found {self.negative_scale:g}")
        try:
            self.strength.gate.check(self.vocabulary.all_terms(), self._question)
        except ValueError as error:
            raise ValueError(f"strength.gate: {error}") from None
        return self

    @model_validator(mode="after")
    def _gate_fits(self) -> "DynamicNegative":
        if self.gate is None:
            lone = [name for name in ("ask_below", "audit") if getattr(self, name) is not None]
            if lone:
                raise ValueError(f"{lone[0]}: belongs to a gate, and there is none")
            return self
        if self.schedule is not None:
            raise ValueError("gate: it grades nothing, and schedule lets γ follow grades; allowed: one of both")
        try:
            self.gate.check(self.vocabulary.all_terms(), self._question)
        except ValueError as error:
            raise ValueError(f"gate: {error}") from None
        return self

    def label(self) -> str:
        followed = self.strength.label() if self.strength else ""
        said = (("joint", self.schedule), (followed, self.strength), ("remember", self.remember), ("gated", self.gate))
        return " ".join([f"γ={self.negative_scale:g}", *(word for word, on in said if on)])

    def check(self, steps: int) -> None:
        if self.query_steps and self.query_steps[-1] >= steps:
            raise ValueError(
                f"query_steps: step {self.query_steps[-1]} is beyond the last of {steps} steps, {steps - 1}"
            )

    def plan(self, at: At) -> StepPlan:
        in_force: InForce | None = at.memory
        if in_force is None:
            return positive_plan(at)
        scale = self.negative_scale * in_force.factor
        if self.strength is not None:
            scale = in_force.followed.negative_scale if in_force.followed else 0.0
        if self.schedule is not None:
            scale *= self.schedule.decay ** (at.step - in_force.since)
        return negative_plan(at, in_force.negative, scale) if scale else positive_plan(at)

    def ask(self, at: At) -> Ask | None:
        if at.step not in self._asked_at(at):
            return None
        return Ask(self._question, positive_plan(at), self.reuse_similarity, self._gating)

    def look(self, at: At) -> Look | None:
        if self.strength is None or at.memory is None or not self.strength.looks_at(at.step, self._asked_at(at)):
            return None
        return Look(self.strength.gate, positive_plan(at))

    def looked(self, at: At, probabilities: tuple[float, ...]) -> Looked:
        in_force: InForce | None = at.memory
        assert self.strength is not None and in_force is not None
        seen = any_of(probabilities, self.strength.gate.config.terms, in_force.terms)
        followed = self.strength.after(in_force.followed, seen, self.negative_scale, at.step)
        return Looked(in_force._replace(followed=followed), at.step, seen, followed.negative_scale)

    def _asked_at(self, at: At) -> frozenset[int] | tuple[int, ...]:
        return nearest_steps(at.levels, self.query_levels) if self.query_levels else self.query_steps

    def questions(self) -> tuple[str, ...]:
        return (self._question,)

    def supposed_answer(self, found: bool) -> str:
        return ", ".join(self.vocabulary.all_terms()) if found else self.vocabulary.nothing

    @property
    def _gating(self) -> Gating | None:
        if self.gate is None or self.ask_below is None or self.audit is None:
            return None
        return Gating(self.gate, self.ask_below, self.audit)

    @property
    def _question(self) -> str:
        terms = self.vocabulary.all_terms()
        return self.schedule.ask(terms) if self.schedule else self.vocabulary.question()

    def answered(self, at: At, answer: str) -> Answer:
        terms = self.vocabulary.parse(answer)
        before: InForce | None = at.memory
        kept = before if self.remember else None
        if not terms:
            return Answer(kept, terms)
        negated = frozenset(terms) | (kept.terms if kept else frozenset())
        negative = self.vocabulary.negative_prompt(negated)
        factor = self.schedule.strength(answer) if self.schedule else 1.0
        if before is not None and (before.negative, before.factor) == (negative, factor):
            return Answer(before, terms)
        return Answer(InForce(negated, negative, factor, at.step, before.followed if before else None), terms)
