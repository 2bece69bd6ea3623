"""The card is Markdown that nothing in it can break."""

import numpy as np

from safesweep.gates.card import model_card, rare_note, threshold_table
from safesweep.gates.quality import THRESHOLDS, gate_quality
from tests.safesweep.vlm.gates import random_gate

LEARNED = {"runs": ["r"], "previews": {"train": 1200, "calibration": 300}, "prompts": {"train": 60, "calibration": 20}}
QUALITY = gate_quality(
    np.full((4, 2), 0.9),
    np.ones((4, 2), dtype=bool),
    np.array([3, 3, 5, 5]),
    np.array(["p", "q", "p", "q"]),
    ("a|b", "c"),
)


def test_a_term_or_a_name_is_text_and_every_threshold_is_there():
    gate = random_gate(learned_from=LEARNED)
    card = model_card("<b>mine</b>", gate.digest, gate.config, QUALITY, {"a|b": 3})
    assert "&lt;b&gt;mine" in card and "<b>" not in card and "Learned from 1,200 previews of 60 prompts" in card
    rows = [line for line in card.splitlines() if line.startswith("| a&")]
    assert len(rows) == 1 and rows[0].count("|") == 5 and "100.0%" in rows[0]
    assert all(f"| {one:g} |" in card for one in THRESHOLDS)
    assert threshold_table(QUALITY, None).row_count == len(THRESHOLDS)
    assert "(3 previews)" in rare_note({"a|b": 3}) and rare_note({}) == ""
