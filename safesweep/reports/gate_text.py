"""What a gate did in a run, in one line."""

from typing import Protocol

from safesweep.measures.gates import GateCounts
from safesweep.reports.text import bounds, percent


def gate_text(counts: GateCounts) -> str:
    """Questions, answers, the audit and what it says of the gate's misses."""
    asked = counts.questions - counts.answered
    said = (
        f"{counts.cell}: the gate answered {counts.answered:,} of {counts.questions:,} questions ({percent(counts.saved)}), the VLM "
        f"{asked:,}; "
        f"{counts.audited:,} sure answers were audited, {counts.disagreed:,} were not the VLM's, {counts.overlooked:,} overlooked something"
    )
    if not counts.audited:
        return f"{said}: its miss rate is not known"
    missed = counts.missed
    allowed = 1 - counts.ask_below
    said += f": miss rate {percent(missed.estimate)} ({bounds(100 * missed.low, 100 * missed.high)}), ask_below allows {percent(allowed)}"
    return f"{said}. It is right less often here than it says: distill it anew, or ask more" if counts.noticed else said


class PlannedQuestions(Protocol):
    """Of a run before it is started."""

    @property
    def questions(self) -> float:
        """To the VLM if no gate answered any."""

    @property
    def gated(self) -> float:
        """Those of them that a gate is shown first."""

    @property
    def saved(self) -> float:
        """Those of these that the gates are expected to answer; likewise the bounds."""

    @property
    def saved_low(self) -> float: ...

    @property
    def saved_high(self) -> float: ...


def planned_gates_text(work: PlannedQuestions) -> str:
    """Expected questions without and with gates; empty where no gate is shown any."""
    if not work.gated:
        return ""
    asked = f"questions expected: {work.questions:,.0f} without a gate, of which a gate is shown {work.gated:,.0f}"
    if not work.saved_high:
        return f"{asked}; no gate's card has numbers of what it saves"
    left, low, high = (work.questions - saved for saved in (work.saved, work.saved_high, work.saved_low))
    return f"{asked}; {left:,.0f} with it ({low:,.0f} to {high:,.0f}), as the card says of held-out prompts"
