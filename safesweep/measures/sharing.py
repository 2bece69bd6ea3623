"""What sharing saved in a run: network rows and questions, as computed and as separate runs would have needed them."""

from pathlib import Path
from typing import NamedTuple

from safesweep.lake.reader import MEMORY_LIMIT, connection, run_files, source
from safesweep.lake.sql import exact_sum


class Sharing(NamedTuple):
    """Sums over a run's trials."""

    trials: int
    rows: float
    """Network rows computed."""
    rows_alone: float
    """Network rows that every trial by itself would have needed."""
    questions: float
    """Questions asked of the VLM, not those that a gate answered; an exchange that n trials of one job shared counts 1/n in each."""
    questions_alone: int
    """Exchanges recorded with the trials, without those that a gate answered."""

    @property
    def rows_saved(self) -> float:
        """Share of network rows that sharing saved, in [0, 1]; NaN without any."""
        return 1 - self.rows / self.rows_alone if self.rows_alone else float("nan")


def sharing(lake: str | Path, run_id: str, *, threads: int | None = None, memory_limit: str = MEMORY_LIMIT) -> Sharing:
    """Add up what a run's trials cost.

    Raises:
        FileNotFoundError, ValueError: as `safesweep.lake.reader.run_files`.
    """
    files = run_files(lake, run_id).complete
    if not files:
        return Sharing(0, 0.0, 0.0, 0.0, 0)
    with connection(threads, memory_limit) as opened:
        [kind] = opened.execute(
            f"SELECT column_type FROM (DESCRIBE FROM {source(files)}) WHERE column_name = 'exchanges'"
        ).fetchall()
        # lakes of before have no gates
        asked = (
            "list_filter(exchanges, lambda x: x.answered_by IS DISTINCT FROM 'gate')"
            if "answered_by" in kind[0]
            else "exchanges"
        )
        query = f"""
            SELECT count(*), coalesce({exact_sum("rows")}, 0), coalesce(sum(rows_alone), 0),
                   coalesce({exact_sum(f"list_sum(list_transform({asked}, lambda x: 1 / x.shared_by))")}, 0),
                   coalesce(sum(len({asked})), 0)
            FROM {source(files)}"""
        found = opened.execute(query).fetchone()
    assert found is not None
    return Sharing(int(found[0]), float(found[1]), float(found[2]), float(found[3]), int(found[4]))
