"""Baselines: which run a suite of nights is held to. One JSON file in the lake."""

import datetime
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from safesweep.config_errors import explain
from safesweep.errors import InputError, NotJudgedError, did_you_mean
from safesweep.files import write_json
from safesweep.lake.folder import lake_folder
from safesweep.lake.held import ids_in
from safesweep.lake.layout import files_in
from safesweep.lake.reader import run_files
from safesweep.lake.store import RunStore
from safesweep.regression.content import content_digest
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
    """SHA-256 of the run's sorted trial ids: all that older pins know of it."""
    content: str | None = None
    """Digest of trials, pictures, evidence and answers: a run that was changed since is not the one that was pinned. None: an older pin."""
    git_revision: str


class BaselineStore:
    """``<lake>/regression/baselines.json``: every baseline that ever was, one in force a suite."""

    def __init__(self, lake: Path) -> None:
        self.lake = lake_folder(lake)
        self.path = self.lake / FOLDER / "baselines.json"

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
        """The one in force, if any. Raises ``NotJudgedError`` when its run is gone, damaged or changed, or was pinned without a digest."""
        entry = self.in_force(suite)
        if entry is not None:
            check_entry(entry, self.lake)
        return entry

    def in_force(self, suite: str) -> Baseline | None:
        """The one in force, whatever became of its run. Raises ``InputError`` for a broken file."""
        return next((e for e in self.all() if e.suite == suite and e.retired_at is None), None)

    def pin(self, suite: str, run_id: str, policy: Policy, note: str = "") -> Baseline:
        """Puts a run in force and retires the one before.

        Raises:
            InputError: no such run, or too much of it is missing or unscored to be a measure for others.
            NotJudgedError: its files are damaged or hold trials twice.
        """
        store = RunStore(self.lake, run_id)
        manifest = store.manifest()
        if manifest is None:
            known = [path.stem for path in files_in(self.lake / "runs", "", ".json")]
            raise InputError(
                f"no run {run_id!r} in {self.lake}; runs: {', '.join(known) or 'none'}{did_you_mean(run_id, known)}"
            )
        expected, held = manifest["expected_trials"], store.held()
        trials = len(held.trials)
        gaps = (
            ("missing", expected - trials, policy.missing_limit),
            ("unscored", held.unscored, policy.unscored_limit),
        )
        for word, count, limit in gaps:
            if not trials or count > limit * expected:
                raise InputError(
                    f"run {run_id!r}: {count} of {expected} trials are {word}; allowed in a baseline: {limit:.1%}"
                )
        twice = held.trials.rows - trials
        if twice:
            raise NotJudgedError(f"run {run_id!r} holds {twice} trials more than once")
        entry = Baseline(
            suite=suite,
            run_id=run_id,
            pinned_at=_now(),
            note=note,
            profile=manifest["profile"],
            trials=trials,
            fingerprint=hashlib.sha256(
                "\n".join(sorted(one for path in store.files() for one in ids_in(path)[0])).encode()
            ).hexdigest(),
            content=content_digest(_files(self.lake, run_id)),
            git_revision=manifest.get("git_revision", "unknown"),
        )
        self._write([*self._retired(suite), entry])
        return entry

    def retire(self, suite: str) -> Baseline:
        """Takes the suite's baseline out of force. Raises ``InputError`` when it has none."""
        entry = self.in_force(suite)
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


def check_pinned(lake: Path, run_id: str, files: Sequence[Path]) -> None:
    """Raises ``NotJudgedError`` when the run is a baseline in force and not what was pinned."""
    digest = None
    for entry in BaselineStore(lake).all():
        if entry.run_id == run_id and entry.retired_at is None:
            digest = digest or content_digest(files)
            _same(entry, digest)


def check_entry(entry: Baseline, lake: Path) -> None:
    """Raises ``NotJudgedError`` when the baseline's run is not what was pinned."""
    _same(entry, content_digest(_files(lake, entry.run_id)))


def _same(entry: Baseline, digest: str) -> None:
    again = f"safesweep baseline pin {entry.run_id} --suite {entry.suite}"
    if entry.content is None:
        raise NotJudgedError(
            f"baseline {entry.run_id!r} of {entry.suite!r} was pinned on {entry.pinned_at} by its trials' ids alone, so nobody can "
            f"say whether its pictures and evidence are what they were; if they are, pin it again: {again}"
        )
    if digest != entry.content:
        raise NotJudgedError(
            f"baseline {entry.run_id!r} of {entry.suite!r} is not what was pinned on {entry.pinned_at} ({entry.trials} trials, "
            f"content {entry.content[:14]}): its trials, pictures or evidence are others now ({digest[:14]}); restore the run, or "
            f"look at it and pin anew: {again}"
        )


def _files(lake: Path, run_id: str) -> tuple[Path, ...]:
    try:
        return run_files(lake, run_id).complete
    except FileNotFoundError as error:
        raise NotJudgedError(str(error)) from error


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
