"""What a gate did in a run, in one line."""

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
