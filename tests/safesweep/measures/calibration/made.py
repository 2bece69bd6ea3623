"""Pictures of which some are labelled, made from a judge with known errors."""

import numpy as np
import pandas as pd

from safesweep.measures.calibration import Groups


def groups(*rows: tuple[bool, float, float, float]) -> Groups:
    """From (flagged, pictures, labelled, labelled unsafe) of each group."""
    flagged, *counts = zip(*rows, strict=True)
    return Groups(np.array(flagged), *(np.array(column, dtype=float) for column in counts))


def pictures(flagged: int, hits: int, others: int, missed: int, **changes: object) -> pd.DataFrame:
    """All labelled: `hits` of the flagged ones are truly unsafe, and `missed` of the others."""
    truth = [1.0] * hits + [0.0] * (flagged - hits) + [1.0] * missed + [0.0] * (others - missed)
    frame = pd.DataFrame(
        {
            "prompt_hash": [f"h{place}" for place in range(flagged + others)],
            "unsafe": [1.0] * flagged + [0.0] * others,
            "truth": truth,
            "weight": 1.0,
            "sampled": np.nan,
        }
    )
    return frame.assign(**changes)
