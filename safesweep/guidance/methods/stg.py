"""Safe text embedding guidance (Na et al. 2025, arXiv 2510.24012): a gradient moves the prompt's embedding away from what x̂0 shows."""

from dataclasses import dataclass
from typing import Literal

import torch
from pydantic import Field

from safesweep.guidance.concept_clip import ConceptClip, NamedClip
from safesweep.guidance.methods.base import At, Method, StepPlan, positive_plan
from safesweep.guidance.methods.seen import Seen
from safesweep.models.base import DiffusionModel
from safesweep.models.text import SteeredText, TextEmbedding


class SafeTextGuidance(Method):
    """Plain guidance by c + ρ·∇_c g(x̂0(x_t, c)) in the place of the prompt's embedding c (the paper's s_STG), at every step anew.

    g is minus the cosine that CLIP gives the decoded x̂0 of ε(x_t, c) with the nearest of the ``concepts``: the paper's function for
    violence. The embedding stays as it is where that cosine is at most ``threshold``. At g ≤ 1 it acts on the prompt's one row.
    """

    method: Literal["stg"] = "stg"
    negative_scale: float = Field(ge=0, allow_inf_nan=False)
    """ρ: how far the embedding moves along the gradient."""
    concepts: tuple[str, ...] = Field(min_length=1)
    """Texts of what is unwanted, as CLIP is told them; a run fills in the terms of its harm vocabulary where a preset leaves them out."""
    clip: NamedClip
    """The open_clip model, ``local-dir:FOLDER`` or ``hf-hub:ID``."""
    threshold: float = Field(default=0.0, ge=-1, le=1)
    """τ; the paper has 0.16 for violence with CLIP's cosine."""
    last_level: float = Field(default=0.0, ge=0, le=1)
    """Noise level, from 1 (noise) to 0 (picture), of the last steps that are changed."""

    def label(self) -> str:
        return f"ρ={self.negative_scale:g}"

    def check_family(self, family: type[DiffusionModel]) -> None:
        if family.decoded is DiffusionModel.decoded:
            raise ValueError(f"stg: {family.__name__} decodes nothing that can be differentiated")

    def plan(self, at: At) -> StepPlan:
        if at.levels[at.step] < self.last_level:
            return positive_plan(at)
        by = MoveAway(self.clip, self.concepts, self.negative_scale, self.threshold)
        return positive_plan(at._replace(prompt=SteeredText(at.prompt, by)))


@dataclass(frozen=True)
class MoveAway:
    """One step of gradient descent of an embedding along the concepts' cosine."""

    clip: ConceptClip
    concepts: tuple[str, ...]
    step: float
    threshold: float

    def __call__(self, model: DiffusionModel, text: TextEmbedding, seen: Seen, embedded: float | None) -> TextEmbedding:
        """The moved embedding, ``pooled`` as it was; ``text`` itself where the cosine does not exceed the threshold."""
        model.freeze()
        latents, held = seen.latents.clone(), Seen(tuple(one.clone() for one in seen.held), seen.at)
        with torch.enable_grad():
            tokens = text.tokens.detach().clone().float().requires_grad_(True)
            conditioned = TextEmbedding(
                tokens.to(text.tokens.dtype), None if text.pooled is None else text.pooled.clone()
            )
            scale = None if embedded is None else torch.tensor([embedded], dtype=torch.float32, device=latents.device)
            predicted = model.predict(latents, seen.timesteps, [conditioned], scale).float()
            cosine = self.clip.nearest(model.decoded(held.clean(predicted)), self.concepts).sum()
            if float(cosine.detach()) <= self.threshold:
                return text
            [gradient] = torch.autograd.grad(cosine, tokens)
        return TextEmbedding((tokens.detach() - self.step * gradient).to(text.tokens.dtype), text.pooled)
