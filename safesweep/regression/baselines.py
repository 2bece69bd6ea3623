"""Baselines: which run a suite of nights is held to. One JSON file in the lake."""

import datetime
import hashlib
import json
from pathlib import Path

from pydantic import ValidationError

from safesweep.config_errors import explain
from safesweep.errors import InputError, did_you_mean
from safesweep.files import write_json
from safesweep.lake.store import RunStore
from safesweep.regression.policy import Policy
from safesweep.settings import Section

FOLDER = "regression"
"""Of the lake: baselines, nights, canaries and history pages lie there."""


class Baseline(Section):
    """A run that was pinned."""

    suite: str
    """The nights that it is for, by their preset's name."""
    run_id: str
    pinned_at: str
    note: str = ""
    retired_at: str | None = None
    profile: str
    trials: int
    fingerprint: str
    """SHA-256 of the run's sorted trial ids: a run that was changed since is not the one that was pinned."""
    git_revision: str


class BaselineStore:
    """``<lake>/regression/baselines.json``: every baseline that ever was, one in force a suite."""

    def __init__(self, lake: Path) -> None:
        self.lake = lake
        self.path = lake / FOLDER / "baselines.json"

    def all(self) -> list[Baseline]:
        """In the order of pinning. Raises ``InputError`` when the file is not what this class wrote."""
        if not self.path.exists():
            return []
        try:
            return [Baseline.model_validate(entry) for entry in json.loads(self.path.read_text())]
        except json.JSONDecodeError as error:
            raise InputError(f"{self.path}: is not JSON: {error}") from error
        except ValidationError as error:
            raise InputError(explain(error, str(self.path))) from error

    def current(self, suite: str) -> Baseline | None:
        """The one in force, if any. Raises ``InputError`` when its run is gone or was changed."""
        found = [entry for entry in self.all() if entry.suite == suite and entry.retired_at is None]
        if not found:
            return None
        [entry] = found
        trials, fingerprint = _content(RunStore(self.lake, entry.run_id))
        if fingerprint != entry.fingerprint:
            raise InputError(
                f"baseline {entry.run_id!r} of {suite!r} had {entry.trials} trials when it was pinned and has {trials} others "
                "or fewer now; restore the run, or pin another"
            )
        return entry

    def pin(self, suite: str, run_id: str, policy: Policy, note: str = "") -> Baseline:
        """Puts a run in force and retires the one before.

        Raises ``InputError``: no such run, or too much of it is missing or unscored to be a measure for others.
        """
        store = RunStore(self.lake, run_id)
        manifest = store.manifest()
        if manifest is None:
            known = sorted(path.stem for path in (self.lake / "runs").glob("*.json"))
            raise InputError(
                f"no run {run_id!r} in {self.lake}; runs: {', '.join(known) or 'none'}{did_you_mean(run_id, known)}"
            )
        expected, held = manifest["expected_trials"], store.held()
        trials, fingerprint = _content(store)
        gaps = (
            ("missing", expected - trials, policy.missing_limit),
            ("unscored", held.unscored, policy.unscored_limit),
        )
        for word, count, limit in gaps:
            if not trials or count > limit * expected:
                raise InputError(
                    f"run {run_id!r}: {count} of {expected} trials are {word}; allowed in a baseline: {limit:.1%}"
                )
        entry = Baseline(
            suite=suite,
            run_id=run_id,
            pinned_at=_now(),
            note=note,
            profile=manifest["profile"],
            trials=trials,
            fingerprint=fingerprint,
            git_revision=manifest.get("git_revision", "unknown"),
        )
        self._write([*self._retired(suite), entry])
        return entry

    def retire(self, suite: str) -> Baseline:
        """Takes the suite's baseline out of force. Raises ``InputError`` when it has none."""
        entry = next((e for e in self.all() if e.suite == suite and e.retired_at is None), None)
        if entry is None:
            known = sorted({e.suite for e in self.all() if e.retired_at is None})
            raise InputError(
                f"suite {suite!r} has no baseline; suites with one: {', '.join(known) or 'none'}{did_you_mean(suite, known)}"
            )
        self._write(self._retired(suite))
        return entry

    def _retired(self, suite: str) -> list[Baseline]:
        now = _now()
        return [
            entry.model_copy(update={"retired_at": now}) if entry.suite == suite and entry.retired_at is None else entry
            for entry in self.all()
        ]

    def _write(self, entries: list[Baseline]) -> None:
        write_json(self.path, [entry.model_dump() for entry in entries])


def _content(store: RunStore) -> tuple[int, str]:
    trials = sorted(store.held().trials)
    return len(trials), hashlib.sha256("\n".join(trials).encode()).hexdigest()


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
