"""Where a run stands, seen from outside: by its manifest, its lease, its files, and what its driver last wrote."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safesweep.lake.lease import Holder, Lease, run_place
from safesweep.lake.manifest import read_manifest
from safesweep.lake.progress import Progress, read_progress
from safesweep.lake.store import RunStore
from safesweep.reports.progress_text import engines_text, left_text


@dataclass(frozen=True)
class RunStatus:
    """What is known of a run."""

    run_id: str
    state: str
    """"running", "complete", "incomplete"; "interrupted": it says that it runs, and nobody holds it; "starting": held, nothing written."""
    stored: int
    """Trials in its files that are whole."""
    expected: int | None
    holder: Holder | None
    """Who writes it; None when nobody alive does."""
    silent_s: float | None
    """Seconds since the holder's last sign of life."""
    progress: Progress | None
    """Of the start that is under way; an interrupted one's is left out."""
    unscored: int | None
    """Trials that failed; None while the run is under way."""
    refused: int | None = None
    """Trials that a service under test refused to draw; None while the run is under way, and of older runs."""

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        progress = self.progress
        return {
            "run_id": self.run_id,
            "state": self.state,
            "stored": self.stored,
            "expected": self.expected,
            "unscored": self.unscored,
            "refused": self.refused,
            "host": self.holder and self.holder.host,
            "pid": self.holder and self.holder.pid,
            "silent_s": self.silent_s,
            "share": progress and progress.share,
            "seconds_left": progress and progress.seconds_left,
            "engines": dict(progress.sums) if progress else None,
        }


def run_status(lake: Path, run_id: str, clock: Callable[[], float] = time.time) -> RunStatus:
    """Looks at a run; no picture is read. ``clock`` gives seconds since 1970. Raises ``InputError`` for a broken manifest."""
    manifest = read_manifest(lake, run_id) or {}
    lease = Lease(run_place(lake, run_id), clock=clock)
    found = lease.holder()
    holder = found if found is not None and lease.alive(found) else None
    said = manifest.get("status", "incomplete" if manifest else "starting")
    state = said
    if holder is None and said in ("running", "starting"):
        state = "interrupted"
    elif holder is not None and said != "running":
        state = "starting"
    progress = read_progress(lake, run_id) if holder is not None else None
    return RunStatus(
        run_id,
        state,
        RunStore(lake, run_id).rows_so_far(),
        manifest.get("expected_trials"),
        holder,
        None if holder is None else max(0.0, clock() - holder.heartbeat),
        progress,
        manifest.get("unscored_trials") if holder is None else None,
        manifest.get("refused_trials") if holder is None else None,
    )


def status_lines(status: RunStatus) -> list[str]:
    """The same for people."""
    of = f" of {status.expected}" if status.expected is not None else ""
    failed = f", {status.refused} refused" if status.refused else ""
    failed += f", {status.unscored} unscored" if status.unscored else ""
    lines = [f"{status.run_id}: {status.state}, {status.stored}{of} trials in the lake{failed}"]
    if status.holder is not None:
        seen = f"last sign of life {status.silent_s:.0f} s ago"
        lines.append(f"  written by process {status.holder.pid} on {status.holder.host}, {seen}")
    progress = status.progress
    if progress is not None and progress.working_since is not None:
        lines.append(f"  {progress.engines} engines: {engines_text(progress)}{left_text(progress)}")
    return lines


def as_json(status: RunStatus) -> str:
    """One line."""
    return json.dumps(status.as_dict())
