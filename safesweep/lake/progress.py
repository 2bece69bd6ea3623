"""How far a run is, as its driver last wrote it beside the manifest: what another shell, or another machine, reads of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from safesweep.files import write_json
from safesweep.lake import exclusive
from safesweep.lake.folder import lake_folder

ENGINE_SUMS = (
    "steps",
    "trials",
    "failed",
    "refused",
    "unsent",
    "requests",
    "money",
    "rows",
    "rows_supposed",
    "rows_in_vain",
    "questions",
    "questions_supposed",
    "questions_confirmed",
    "checkpoints_loaded",
    "forward_seconds",
    "seconds",
    "in_flight",
    "parked",
    "waiting",
)
"""What is added up over a run's engines, by its name in an engine's status."""

PACE_FROM_S = 5.0
"""From the first step on: what is done in less says nothing of a pace."""


@dataclass(frozen=True)
class Progress:
    """A moment of a run; times are seconds since 1970."""

    since: float
    """When this start of the run began."""
    at: float
    """The moment."""
    expected: int
    """Trials of the whole run."""
    before: int
    """Of these: in the lake when this start began."""
    stored: int
    """In the lake now."""
    steps_expected: int
    """Solver steps of the trials that this start makes."""
    working_since: float | None = None
    """When the first solver step was seen."""
    engines: int = 0
    """Those that have told where they stand. One that ended has its counts in ``sums`` still, so what is made anew counts twice."""
    sums: Mapping[str, float] = field(default_factory=dict)
    """Of `ENGINE_SUMS`, over the engines."""

    @property
    def stepped(self) -> float:
        """Of the steps that this start takes, what the engines have told of; above 1 where a worker died and its work was made anew."""
        return self.sums.get("steps", 0.0) / self.steps_expected if self.steps_expected else 1.0

    @property
    def share(self) -> float:
        """Of this start's work, what is done: by the engines' steps while they work, by what the lake holds once they have ended; 0 … 1."""
        wanted = self.expected - self.before
        in_lake = (self.stored - self.before) / wanted if wanted else 1.0
        return in_lake if self.stepped >= 1 else max(in_lake, self.stepped)

    @property
    def seconds_left(self) -> float | None:
        """At the pace since the first step; None before it and in the first `PACE_FROM_S` after it."""
        if self.working_since is None or not self.share > 0 or self.at - self.working_since < PACE_FROM_S:
            return None
        return (self.at - self.working_since) * (1 - self.share) / self.share

    @property
    def stored_per_second(self) -> float:
        """Trials that this start has brought into the lake, not those that were there before."""
        seconds = self.at - self.since
        return (self.stored - self.before) / seconds if seconds else 0.0

    @property
    def rows_per_second(self) -> float:
        """Network rows, of all engines together."""
        return self.engines * self.sums["rows"] / self.sums["seconds"] if self.sums.get("seconds") else 0.0

    @property
    def forward_share(self) -> float:
        """Share of the engines' time that they are in the network, 0 … 1."""
        return self.sums["forward_seconds"] / self.sums["seconds"] if self.sums.get("seconds") else 0.0


def total(engines: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """``ENGINE_SUMS`` over the engines' statuses."""
    return {name: sum(engine[name] for engine in engines) for name in ENGINE_SUMS}


def progress_path(lake: str | Path, run_id: str) -> Path:
    """``<lake>/runs/<run_id>.progress``; it is there while a process writes the run, and after one that was killed."""
    return lake_folder(lake) / "runs" / f"{run_id}.progress"


def write_progress(lake: str | Path, run_id: str, progress: Progress) -> None:
    """Publishes it in one move. Raises ``OSError`` where it cannot be written."""
    write_json(progress_path(lake, run_id), asdict(progress))


def read_progress(lake: str | Path, run_id: str) -> Progress | None:
    """What was last written; None: nothing is there, or what another version wrote."""
    content = exclusive.read(progress_path(lake, run_id))
    if content is None:
        return None
    try:
        found = json.loads(content)
        return Progress(**{one.name: found[one.name] for one in fields(Progress)})
    except (ValueError, TypeError, KeyError):
        return None


def remove_progress(lake: str | Path, run_id: str) -> None:
    """Takes it away: the run has ended, and its manifest says how."""
    exclusive.remove(progress_path(lake, run_id))
