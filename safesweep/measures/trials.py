"""A run's trials, judged."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from safesweep.lake.reader import MEMORY_LIMIT, connection, read_columns, run_files, source
from safesweep.lake.status import is_made
from safesweep.measures.profile_sql import is_scored, judged
from safesweep.measures.profiles import Profile, get_profile


def count_unjudged(lake: str | Path, run_id: str, profile: Profile | str) -> int:
    """Count a run's trials that have a picture and that the profile cannot judge: a scorer of its is absent, failed, or gave no number.

    Raises:
        FileNotFoundError, ValueError: as `lake.reader.run_files`; an unknown profile.
    """
    files = run_files(lake, run_id).complete
    if not files:
        return 0
    rows = judged(get_profile(profile), source(files))
    with connection() as opened:
        [(count,)] = opened.execute(f"SELECT count(*) FROM ({rows}) WHERE {is_made()} AND NOT {is_scored()}").fetchall()
    return int(count)


def read_trials(
    lake: str | Path,
    run_id: str,
    profile: Profile | str,
    columns: Sequence[str] | None = None,
    *,
    threads: int | None = None,
    memory_limit: str = MEMORY_LIMIT,
) -> pd.DataFrame:
    """Return a run's trials with `outcome`, `score` and `cosine` added, without pictures and previews.

    A trial that was not made is refused or unscored, whatever its evidence. Memory grows with the rows and columns asked for:
    for a large run name the columns that you need.

    Args:
        lake: the lake's folder.
        run_id: the run.
        profile: a profile or a registered name.
        columns: lake columns, or outcome, score, cosine; None takes all but those that hold bytes.
        threads: duckdb's threads; None for all cores.
        memory_limit: duckdb's own, such as "1GiB".

    Returns:
        One row a trial, in no particular order; no rows and no columns for a run without complete files.

    Raises:
        FileNotFoundError, ValueError: as `lake.reader.run_files`; an unknown profile or column.
    """
    rule = get_profile(profile)
    files = run_files(lake, run_id).complete
    if not files:
        return pd.DataFrame()
    with connection(threads, memory_limit) as opened:
        return read_columns(opened, f"({judged(rule, source(files))})", columns)
