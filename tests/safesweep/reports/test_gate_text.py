"""The line of a gate."""

from safesweep.measures.gates import GateCounts
from safesweep.measures.intervals import count_interval
from safesweep.reports.gate_text import gate_text


def counts(audited, disagreed, ask_below=0.98):
    missed = count_interval([int(place < disagreed) for place in range(audited)], [1] * audited)
    return GateCounts("γ=8 gated", ask_below, 1442, 1203, audited, disagreed, min(disagreed, 1), missed)


def test_it_says_what_the_gate_did_and_what_the_audit_found():
    assert gate_text(counts(61, 1)) == (
        "γ=8 gated: the gate answered 1,203 of 1,442 questions (83.4%), the VLM 239; 61 sure answers were audited, 1 were not the VLM's, "
        "1 overlooked something: miss rate 1.6% (0.3 to 8.7), ask_below allows 2.0%"
    )


def test_it_complains_where_the_audit_rules_the_threshold_out_and_says_when_it_knows_nothing():
    assert gate_text(counts(61, 9)).endswith(
        "ask_below allows 2.0%. It is right less often here than it says: distill it anew, or ask more"
    )
    assert gate_text(counts(0, 0)).endswith("0 overlooked something: its miss rate is not known")
