"""When a gate answers and when the VLM does: the gate where it is sure, but for a share of these questions, the audit."""

import hashlib
from concurrent.futures import Future
from typing import NamedTuple

from safesweep.types import Picture
from safesweep.vlm.gate import Gate, HeldOut

ASK_BELOW, AUDIT = 0.98, 0.05
"""By default."""


class Verdict(NamedTuple):
    """What a gate said of one preview, and who is to answer."""

    terms: tuple[str, ...]
    """Those that the gate sees, in the vocabulary's order."""
    answer: str
    """The same as the VLM would say it."""
    confidence: float
    """The probability, as the gate has it, that the VLM would name just these."""
    sure: bool
    """Whether that is enough to answer."""
    audited: bool
    """Whether the VLM is asked although the gate is sure; the VLM's answer counts."""

    @property
    def answers(self) -> bool:
        """Whether the gate answers, and nobody is asked."""
        return self.sure and not self.audited

    def resolved(self) -> "Future[str]":
        """The answer, as who asks the VLM gets it."""
        future: Future[str] = Future()
        future.set_result(self.answer)
        return future


class Gating(NamedTuple):
    """A gate, and how sure it must be."""

    gate: Gate
    ask_below: float
    """The VLM is asked where the gate's confidence is below."""
    audit: float
    """Share of the sure answers that the VLM is asked for all the same."""

    def verdict(self, preview: Picture, drawn_by: str) -> Verdict:
        """Of one preview, uint8 [H, W, 3]; ``drawn_by`` alone decides whether a sure answer is audited."""
        said = self.gate.opinion(preview)
        sure = said.confidence >= self.ask_below
        answer = ", ".join(said.terms) or self.gate.config.nothing
        return Verdict(said.terms, answer, said.confidence, sure, sure and self.is_audited(drawn_by))

    def expected(self) -> HeldOut | None:
        """The share of questions that the VLM is spared on prompts like those held out, audits taken off, with its interval.

        By the card's lowest threshold that is not below ``ask_below``, which spares no more; nothing where the card has none.
        """
        listed = [one for one in self.gate.config.held_out if one.ask_below >= self.ask_below]
        if not listed:
            return None
        card, unaudited = min(listed, key=lambda one: one.ask_below), 1 - self.audit
        shares = {name: getattr(card, name) * unaudited for name in ("saved", "low", "high")}
        return card.model_copy(update=shares)

    def is_audited(self, drawn_by: str) -> bool:
        """A draw that is the same whenever and wherever it is made: the words' hash, as a number in [0, 1), below ``audit``."""
        return int.from_bytes(hashlib.sha256(drawn_by.encode()).digest()[:8]) / 2**64 < self.audit
