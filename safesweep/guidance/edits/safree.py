"""SAFREE (Yoon et al. 2024, arXiv 2410.12761): tokens near the unsafe subspace are projected out of it, within the prompt's own."""

from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

import torch
from pydantic import Field

from safesweep.guidance.edits.base import Edit, EditedPrompt
from safesweep.models.text import EMPTY, Encodes, Text, TextEmbedding, TextEncoder, named_by_content

if TYPE_CHECKING:
    from safesweep.models.base import DiffusionModel

NUDITY = (
    "Sexual Acts, Content Meant to Arouse Sexual Excitement, Nudity, Pornography, Erotic Art, Lustful, Seductive, Orgasmic, "
    "Libido, Kinky, Sexual Orientation, Sexual Attraction, Sexual Intercourse, Sexual Pleasure, Sexual Fantasy, Carnal Desires, "
    "Sexual Gratification"
)
"""The 17 terms that the authors released for nudity."""
MASKED = 0
"""Token id that stands in a masked token's place, as released."""


class Projection(NamedTuple):
    """What SAFREE finds about one prompt in one text encoder."""

    embedding: torch.Tensor
    """[T, D]: triggers projected, the other tokens as they were."""
    projected: torch.Tensor
    """[T, D]: every token projected; the self-validation looks at it."""
    triggers: torch.Tensor
    """bool [n], the prompt's own tokens without start and end mark."""


class Safree(Edit):
    """The edited embedding acts in the first steps, as many as the self-validation finds; the original after them.

    Unlike the released code it leaves a prompt of one token alone, keeps the end mark of one that is too long, and edits both encoders of
    SDXL where that edits the second; docs/methods.md says more.
    """

    name: ClassVar[str] = "safree"

    edit: Literal["safree"] = "safree"
    concepts: tuple[str, ...] = Field(default=tuple(NUDITY.split(", ")), min_length=1)
    """Terms that span the unsafe subspace."""
    alpha: float = Field(default=0.01, ge=0)
    """A token is a trigger from (1 + α) times the other tokens' mean distance on."""
    self_validation: bool = True
    """Choose the number of edited steps by how much the edit changes the prompt; otherwise all steps are edited."""
    upper: float = Field(default=10.0, gt=0)
    """The most steps that the self-validation chooses, as released for 50 steps."""
    concepts_as_empty: bool = True
    """Put the concepts in the empty prompt's place, as the released run does (ordinary negative prompting)."""

    def label(self) -> str:
        return "" if self.concepts_as_empty else "without negative"

    def check_family(self, family: "type[DiffusionModel]") -> None:
        if not family.JOINED_ENCODERS:
            raise ValueError(
                "edit: safree needs text encoders with a pooled embedding whose hidden states condition the network; "
                f"{family.__name__} has none"
            )

    def supposed(self, prompt: str) -> EditedPrompt:
        return super().supposed(prompt)._replace(empty=self._empty)

    @property
    def _empty(self) -> Text:
        return ", ".join(self.concepts) if self.concepts_as_empty else EMPTY

    def apply(self, encodes: Encodes, prompt: str, seed: int) -> EditedPrompt:
        before = encodes.embed(prompt)
        found = [project(encoder, prompt, self.concepts, self.alpha) for encoder in encodes.encoders]
        tokens = torch.cat([part.embedding for part in found], dim=-1).to(before.tokens.dtype)
        count, width = tokens.shape
        if count > before.tokens.shape[0] or width > before.tokens.shape[1]:
            raise ValueError(
                f"edit: safree projects {list(tokens.shape)} text embeddings, the model's are {list(before.tokens.shape)}"
            )
        # SD3's embedding has more beside and behind its CLIP encoders': padding, and T5's, which stay
        whole = before.tokens.clone()
        whole[:count, :width] = tokens
        projected = torch.cat([part.projected for part in found], dim=-1)
        edited = named_by_content(prompt, before, TextEmbedding(whole, before.pooled))
        last = None
        if self.self_validation:
            length = encodes.encoders[0].length(prompt)
            last = last_edited_step(before.tokens[:length, :width].double(), projected[:length].double(), self.upper)
        return EditedPrompt(prompt, edited, last=last, empty=self._empty)


@torch.inference_mode()
def project(encoder: TextEncoder, prompt: str, concepts: tuple[str, ...], alpha: float) -> Projection:
    """Finds the trigger tokens of ``prompt`` and projects them (SAFREE, sections 3.1 and 3.2); worked in float64.

    With C the concepts' pooled embeddings and P the projection onto a column space, token i is a trigger when
    ‖(I − P_C) p_i‖ ≥ (1 + α) · mean over j ≠ i of ‖(I − P_C) p_j‖, where p_i is the pooled embedding with token i masked.
    A trigger's embedding becomes (I − P_C) P_I e_i, P_I onto the space of the p_i.
    """
    ids = encoder.ids(prompt)
    own = encoder.length(prompt) - 2
    hidden = encoder.hidden(ids)[0]
    states = hidden.double()
    columns = torch.cat([encoder.pooled(encoder.ids(term)) for term in concepts]).double().T
    outside = torch.eye(len(columns), dtype=torch.float64, device=columns.device) - onto_span(columns)
    if own < 1:
        return Projection(hidden, hidden, torch.zeros(0, dtype=torch.bool))
    masked = ids.repeat(own, 1)
    masked[torch.arange(own), torch.arange(own) + 1] = MASKED
    pooled = torch.cat([encoder.pooled(row[None]) for row in masked]).double()
    triggers = trigger_tokens((pooled @ outside).norm(dim=1), alpha)
    both = outside @ onto_span(pooled.T)
    projected = states @ both.T
    chosen = torch.zeros(len(states), dtype=torch.bool, device=states.device)
    chosen[1 : own + 1] = triggers
    embedding = torch.where(chosen[:, None], projected.to(hidden.dtype), hidden)
    return Projection(embedding, projected, triggers)


def onto_span(columns: torch.Tensor) -> torch.Tensor:
    """The orthogonal projection [D, D] onto the span of ``columns`` [D, n]: C (CᵀC)⁺ Cᵀ, from a singular value decomposition."""
    left, values, _ = torch.linalg.svd(columns, full_matrices=False)
    spanned = left[:, values > values.max() * max(columns.shape) * torch.finfo(columns.dtype).eps]
    matrix: torch.Tensor = spanned @ spanned.T
    return matrix


def trigger_tokens(distances: torch.Tensor, alpha: float) -> torch.Tensor:
    """Which tokens, bool [n], stand out: d_i ≥ (1 + α) · mean of the other d. One token alone has nothing to stand out from."""
    if len(distances) < 2:
        return torch.zeros_like(distances, dtype=torch.bool)
    others = (distances.sum() - distances) / (len(distances) - 1)
    found: torch.Tensor = distances >= (1 + alpha) * others
    return found


def last_edited_step(before: torch.Tensor, projected: torch.Tensor, upper: float) -> int:
    """The last step, from 0, that uses the edited embedding: round(upper · σ(2 · 2.5 · (10 z − 5.333))) (SAFREE, section 3.3).

    z = 1 − mean cosine of the real tokens' embeddings [n, D] before and after the projection.
    """
    z = 1 - torch.nn.functional.cosine_similarity(before, projected, dim=1).mean().item()
    return round(upper * torch.sigmoid(torch.tensor(2 * 2.5 * (10 * z - 5.333))).item())
