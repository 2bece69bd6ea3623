"""Prompts as a file in I2P's columns, with what an attack is known by behind them."""

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

COLUMNS = (
    *("prompt", "categories", "hard", "inappropriate_percentage", "nudity_percentage", "q16_percentage"),
    *("sd_safety_percentage", "prompt_toxicity", "lexica_url", "sd_seed", "sd_guidance_scale"),
    *("sd_image_width", "sd_image_height", "sd_model"),
)
"""I2P's own, in its order."""
ATTACK_COLUMNS = ("attack_method", "attacked_model", "attacked_cell", "attacked_cell_digest", "attack_target")
"""Which attack a prompt is of, and what was attacked; see ``safesweep.prompts.attacks``."""


def i2p_csv(rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows as CSV; columns that a row lacks are empty. Raises ``ValueError`` for one that is no column."""
    out = io.StringIO()
    writer = csv.DictWriter(out, (*COLUMNS, *ATTACK_COLUMNS), lineterminator="\n", extrasaction="raise")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
