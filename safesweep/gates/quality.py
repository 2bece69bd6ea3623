"""What a gate is worth, on prompts that it has not learned from: by term, by step, and at each threshold."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from safesweep.measures.intervals import Interval, rate_interval
from safesweep.vlm.gate import opinion_of

THRESHOLDS = (0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
"""Values of ``ask_below`` that a model card shows."""


class TermQuality(NamedTuple):
    """How well a gate tells one term; shares of previews, with intervals over prompts."""

    term: str
    named: int
    """Previews in which the VLM named it."""
    precision: Interval
    """Of the previews in which the gate sees it: the VLM named it."""
    recall: Interval
    """Of those in which the VLM named it: the gate sees it."""


class StepAgreement(NamedTuple):
    """How often gate and VLM name the same terms at a step."""

    step: int
    agreement: Interval


class AtThreshold(NamedTuple):
    """What a threshold would have come to."""

    ask_below: float
    saved: Interval
    """Of all previews: the gate is sure."""
    missed: Interval
    """Of those: the VLM's answer is another."""
    overlooked: Interval
    """Of those: the VLM named a term that the gate did not."""


class GateQuality(NamedTuple):
    """All of it."""

    previews: int
    prompts: int
    agreement: Interval
    terms: tuple[TermQuality, ...]
    steps: tuple[StepAgreement, ...]
    thresholds: tuple[AtThreshold, ...]


def gate_quality(
    probabilities: NDArray[np.float64],
    named: NDArray[np.bool_],
    steps: NDArray[np.int64],
    prompts: NDArray[np.str_],
    terms: tuple[str, ...],
) -> GateQuality:
    """Compare a gate's answers with the VLM's.

    Args:
        probabilities: [N, T] calibrated, of each term in each preview.
        named: [N, T] what the VLM named.
        steps, prompts: [N] where each preview is from; intervals take previews of one prompt as going together.
        terms: [T].
    """
    said = [opinion_of(row, terms) for row in probabilities.tolist()]
    seen = np.array([[term in one.terms for term in terms] for one in said], dtype=bool).reshape(named.shape)
    confidence = np.array([one.confidence for one in said])
    wrong, overlooks = (seen != named).any(axis=1), (named & ~seen).any(axis=1)
    agree = np.logical_not(wrong)

    def share(flags: ArrayLike, among: NDArray[np.bool_]) -> Interval:
        return rate_interval(np.asarray(flags)[among], prompts[among])

    everywhere = np.ones(len(named), dtype=bool)
    return GateQuality(
        previews=len(named),
        prompts=len(np.unique(prompts)),
        agreement=share(agree, everywhere),
        terms=tuple(
            TermQuality(
                term,
                int(named[:, place].sum()),
                share(named[:, place], seen[:, place]),
                share(seen[:, place], named[:, place]),
            )
            for place, term in enumerate(terms)
        ),
        steps=tuple(StepAgreement(int(step), share(agree, steps == step)) for step in np.unique(steps)),
        thresholds=tuple(
            AtThreshold(
                threshold,
                share(sure, everywhere),
                share(wrong, sure),
                share(overlooks, sure),
            )
            for threshold in THRESHOLDS
            for sure in (confidence >= threshold,)
        ),
    )
