"""The contract of a guidance method: a small frozen config and pure functions.

A method never touches the network. At every step it says, by a ``StepPlan``, which texts it needs noise predictions for and how they
combine. Two trials whose plans are equal take the same step, so equality of plans is what lets a trajectory be shared.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import torch
from pydantic import BaseModel, ConfigDict

from safesweep.guidance.methods.seen import Seen
from safesweep.models.text import Text
from safesweep.vlm.gate import Gate
from safesweep.vlm.gating import Gating

if TYPE_CHECKING:  # a cell is read without torch's models
    from safesweep.models.base import DiffusionModel

Tensors = tuple[torch.Tensor, ...]
Combine = Callable[[Tensors, Tensors], torch.Tensor]
"""(predictions, one [B, C, H, W] a text; scales, one [B, 1, 1, 1] a number) -> guided prediction [B, C, H, W].

A plan with a ``track`` finds what it keeps behind the predictions, [B, K, C, H, W].
"""
Correct = Callable[[torch.Tensor, Tensors, Tensors, Seen], torch.Tensor]
"""(what ``combine`` made [B, C, H, W], predictions, scales, latents) -> guided prediction [B, C, H, W]."""
Update = Callable[[Tensors, Tensors, torch.Tensor, Seen], torch.Tensor]
"""(predictions, scales, what is kept [B, K, C, H, W], latents) -> what is kept from now on, [B, K, C, H, W]."""


class Track(NamedTuple):
    """Tensors that a method carries along a trajectory, such as a momentum; updated at every step, before the step is taken.

    A trial's track must be the same from its first step to its last, but for ``texts``, which a text edit may change on the way: what is
    kept is handed on from step to step. The tensors belong to the trajectory, equal tracks share them.
    """

    texts: tuple[Text, ...]
    update: Update
    scales: tuple[float, ...]
    kept: int
    """K, the number of [C, H, W] tensors kept; they start as zeros."""
    owner: Hashable = None
    """Whose it is: the method's config, where ``scales`` do not say all that tells two of them apart."""


class StepPlan(NamedTuple):
    """What one step needs. Equal plans on equal latents give equal steps."""

    texts: tuple[Text, ...]
    combine: Combine
    scales: tuple[float, ...]
    track: Track | None = None
    prompt_at: int = 1
    """Which of ``texts`` is the prompt."""
    correct: Correct | None = None
    """For a step that depends on the latents, beside the predictions: it takes up what ``combine`` made. Compared like all else of a
    plan: one that holds numbers or tensors must be equal where these are."""


class Ask(NamedTuple):
    """A question about the picture as predicted at this step; ``plan`` is the guidance that predicts it.

    ``reuse``: take the trial's last answer again where the predicted clean latents have at least this cosine similarity with those
    last asked about. ``gating``: a gate is shown the picture first, and answers where it is sure.
    """

    question: str
    plan: StepPlan
    reuse: float | None = None
    gating: Gating | None = None


class Look(NamedTuple):
    """A gate is shown the picture as ``plan`` predicts it at this step, after the step's question; nobody is asked, nothing waits."""

    gate: Gate
    plan: StepPlan


class Looked(NamedTuple):
    """What a look did to a trial: its new memory, and for the record what was seen and what it made of the strength."""

    memory: Any
    step: int
    probability: float
    """That what is negated shows, in [0, 1]."""
    negative_scale: float
    """γ from now on."""


class At(NamedTuple):
    """Where a trial stands: the step (from 0) of how many, its texts at this step, its guidance scale, its method's memory.

    ``prompt`` and ``empty`` are what a text edit made of the prompt and of the empty prompt, where there is one.
    """

    step: int
    steps: int
    prompt: Text
    empty: Text
    guidance_scale: float
    memory: Any
    levels: tuple[float, ...] = ()
    """Noise level that the network sees at each step, from 1 (noise) to 0 (picture), as ``SolverTable`` has it."""


class Answer(NamedTuple):
    """What an answer did to a trial: its new memory, and the terms that were read in the answer."""

    memory: Any
    terms: tuple[str, ...]


class Method(BaseModel, ABC):
    """A guidance method with every number filled in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    needs_vlm: ClassVar[bool] = False
    """Whether trials of the method ask questions; their ``trial_id`` then depends on the VLM too."""

    def label(self) -> str:
        """The numbers that tell this cell from another of the same method, e.g. "γ=7.5"; empty when there are none."""
        return ""

    def check(self, steps: int) -> None:
        """Raises ``ValueError`` when the config cannot run with ``steps`` denoising steps."""

    def check_sizes(self, sizes: frozenset[tuple[int, int]]) -> None:
        """Raises ``ValueError`` when the config cannot make pictures of these widths and heights, in pixels."""

    def check_family(self, family: "type[DiffusionModel]") -> None:
        """Raises ``ValueError`` when a model family cannot do what the method asks of it."""

    def start(self) -> Any:
        """The memory of a trial before its first step: an immutable, hashable value."""
        return None

    @abstractmethod
    def plan(self, at: At) -> StepPlan:
        """What the step needs, given the memory."""

    def track(self, at: At) -> Track | None:
        """What the method carries along, at every step whether the step's plan uses it or not."""
        return None

    def ask(self, at: At) -> Ask | None:
        """The question that this step waits for, if any."""
        return None

    def answered(self, at: At, answer: str) -> Answer:
        """The memory after ``answer``, the raw text that the VLM gave to this step's question."""
        raise NotImplementedError(f"{type(self).__name__} asks no questions")

    def look(self, at: At) -> Look | None:
        """What a gate is to be shown at this step, if anything; the same before the look and after it."""
        return None

    def looked(self, at: At, probabilities: tuple[float, ...]) -> Looked:
        """The memory after a look at which the gate saw its terms, in their order, with these probabilities."""
        raise NotImplementedError(f"{type(self).__name__} lets no gate look")

    def questions(self) -> tuple[str, ...]:
        """Every question that the method may ask."""
        return ()

    def supposed_answer(self, found: bool) -> str:
        """What the cost plan supposes that the VLM says: everything that is asked about is there, or nothing of it."""
        raise NotImplementedError(f"{type(self).__name__} asks no questions")


def classifier_free(eps: Tensors, scales: Tensors) -> torch.Tensor:
    """ε_∅ + g(ε_c − ε_∅): classifier-free guidance (Ho and Salimans 2022, formula 6 with g = 1 + w).

    ``eps``: (ε_∅, ε_c), each [B, C, H, W]; ``scales``: (g,), [B, 1, 1, 1].
    """
    empty, prompt = eps
    return empty + scales[0] * (prompt - empty)


def subtract_negative(eps: Tensors, scales: Tensors) -> torch.Tensor:
    """ε_∅ + g(ε_c − ε_∅) − γ(ε_n − ε_∅): two terms, both measured from the empty prompt (VL-DNP, arXiv 2510.26052).

    ``eps``: (ε_∅, ε_c, ε_n), each [B, C, H, W]; ``scales``: (g, γ), each [B, 1, 1, 1].
    """
    empty, prompt, negative = eps
    return empty + scales[0] * (prompt - empty) - scales[1] * (negative - empty)


def prompt_alone(eps: Tensors, scales: Tensors) -> torch.Tensor:
    """ε_c, no guidance; ``eps``: (ε_c,), [B, C, H, W]."""
    return eps[0]


def acting_scale(guidance_scale: float) -> float:
    """g as the formulas take it, at least 1.

    diffusers' pipelines guide above 1 only and otherwise predict from the prompt alone, which checkpoints distilled to few steps rely on
    (they run at 0). That is what every formula says at g = 1, so below 1 each method acts as at 1: a separate negative term still acts.
    """
    return max(1.0, guidance_scale)


def positive_plan(at: At) -> StepPlan:
    """The plan of plain classifier-free guidance; at g ≤ 1 the prompt alone, one row."""
    if at.guidance_scale <= 1:
        return StepPlan((at.prompt,), prompt_alone, (), prompt_at=0)
    return StepPlan((at.empty, at.prompt), classifier_free, (at.guidance_scale,))


def negative_plan(at: At, negative: Text, negative_scale: float) -> StepPlan:
    """The plan of guidance with a separate negative term."""
    scales = (acting_scale(at.guidance_scale), negative_scale)
    return StepPlan((at.empty, at.prompt, negative), subtract_negative, scales)
