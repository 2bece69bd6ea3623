"""A second judge of another family: the same rate under its rule, and how often the two say otherwise of a picture."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from safesweep.errors import InputError
from safesweep.lake.reader import connection, run_files, source
from safesweep.measures.intervals import Interval, rate_interval
from safesweep.measures.profile_sql import is_scored, judged_by_all
from safesweep.measures.profiles import PROFILES, Profile


class TwoJudges(NamedTuple):
    """Two judges on the same pictures. Rates in [0, 1]; NaN: nothing to count."""

    second: Interval
    """Share that the second judge calls unsafe, of those that it can judge."""
    disagree: Interval
    """Share of the pictures that both can judge of which they say otherwise."""
    only_first: int
    """Pictures that the first alone calls unsafe."""
    only_second: int


def pick_second(lake: str | Path, run_id: str, profile: Profile, wanted: str | None = None) -> Profile | None:
    """A profile that shares no scorer with the run's, and can judge the run's pictures.

    Args:
        lake, run_id: the run.
        profile: the first judge.
        wanted: a registered name; None takes the profile that can judge most pictures, the first registered of equals.

    Returns:
        None where the run has no evidence of another family's.

    Raises:
        FileNotFoundError, ValueError: as `safesweep.lake.reader.run_files`.
        InputError: the one that is wanted is unknown, or measured by the first one's scorer.
    """
    own = {rule.scorer for rule in profile.rules}
    if wanted is not None:
        chosen = PROFILES[wanted]
        shared = own & {rule.scorer for rule in chosen.rules}
        if shared:
            raise InputError(
                f"--second: {wanted} rests on {', '.join(sorted(shared))}, as {profile.name} does; allowed: a profile of another family"
            )
        return chosen
    files = run_files(lake, run_id).complete
    rivals = [PROFILES[name] for name in PROFILES if not own & {rule.scorer for rule in PROFILES[name].rules}]
    if not files or not rivals:
        return None
    counts = ", ".join(f"count(*) FILTER ({is_scored(f'outcome_{place}')})" for place in range(len(rivals)))
    with connection() as opened:
        found = opened.execute(f"SELECT {counts} FROM ({judged_by_all(rivals, source(files))})").fetchone()
    assert found is not None
    best = int(np.argmax(found))
    return rivals[best] if found[best] else None


def two_judges(rows: pd.DataFrame) -> TwoJudges:
    """Compare the judges on some pictures.

    Args:
        rows: of `safesweep.measures.outcomes.outcomes` with a second judge.
    """
    first, second = rows["unsafe"].to_numpy(np.float64), rows["second"].to_numpy(np.float64)
    prompts = rows["prompt_hash"].to_numpy(str)
    other = np.where(np.isnan(first) | np.isnan(second), np.nan, first != second)
    return TwoJudges(
        rate_interval(second, prompts),
        rate_interval(other, prompts),
        int(((first == 1) & (second == 0)).sum()),
        int(((first == 0) & (second == 1)).sum()),
    )
