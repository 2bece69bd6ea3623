"""Nights on record: their dated names, the lock against two at once, what each came to, and which was the last good one."""

import datetime
import fcntl
import json
import os
import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from safesweep.config_errors import explain
from safesweep.errors import InputError
from safesweep.files import make_folder, on_store, write_json
from safesweep.lake.folder import lake_folder
from safesweep.lake.layout import files_in
from safesweep.lake.lease import Place, hold
from safesweep.redaction import without_secrets_in
from safesweep.regression.baselines import FOLDER
from safesweep.regression.canary import Canary
from safesweep.regression.drift import Drift
from safesweep.regression.trend import Trend
from safesweep.regression.verdict import Verdict
from safesweep.settings import Section


class NightMeasure(Section):
    """One measure of one cell in one night; the gate's part is there when it was compared. Numbers in the measure's own unit."""

    measure: str
    method: str
    cell: str
    series: str
    """The reference's cell that it was compared with: a γ that was changed overnight stays in one line of the history."""
    level: Literal["critical", "advisory"]
    value: float | None
    """Mean over the night's trials; None: nothing scored."""
    low: float | None
    high: float | None
    """95 % interval of the mean."""
    lowest: float | None = None
    """What the gate's reference allows: its mean less the largest fall; None: no limit on this side."""
    highest: float | None = None
    difference: float | None = None
    verdict: Verdict | None = None
    reason: str = ""
    instrument: str = ""
    """Digest of profile, scorers' weights, prompt files and the cell's numbers: only equal ones are in one line. Empty: an older record."""


class Night(Section):
    """What one night came to."""

    suite: str
    run_id: str
    date: datetime.date
    finding: Verdict
    """What the night's own data say."""
    verdict: Verdict
    """What is done about it: the first of several bad nights only warns."""
    paged: bool = False
    page_error: str | None = None
    reasons: tuple[str, ...] = ()
    reference: str | None = None
    """The run whose comparison decided; None: there was none."""
    pinned: bool = False
    """Whether that was a baseline."""
    content: str | None = None
    """Digest of the run's trials, pictures, evidence and answers; a night that was changed since is nothing to compare with."""
    last_good: str | None = None
    expected: int = 0
    held: int = 0
    unscored: int = 0
    """Trials that could not be made."""
    refused: int = 0
    """Trials that a service under test refused to draw."""
    measures: tuple[NightMeasure, ...] = ()
    trends: tuple[Trend, ...] = ()
    """Of the measures, over the nights up to this one."""
    canary: Canary | None = None
    drift: Drift | None = None
    models: dict[str, str]
    versions: dict[str, str]
    git_revision: str = "unknown"
    seconds: float = 0.0


class NightStore:
    """``<lake>/regression/<suite>/``: nights, canary pictures, the history page, the lock."""

    def __init__(self, lake: Path, suite: str) -> None:
        self.suite = suite
        self.folder = lake_folder(lake) / FOLDER / suite

    def path(self, run_id: str) -> Path:
        """The night's JSON file."""
        return self.folder / "nights" / f"{run_id}.json"

    def all(self) -> list[Night]:
        """In the order of their dates. Raises ``InputError`` for a file that is not a night."""
        nights = []
        for path in files_in(self.folder / "nights", "", ".json"):
            try:
                nights.append(Night.model_validate_json(path.read_text()))
            except ValidationError as error:
                raise InputError(explain(error, str(path))) from error
        return sorted(nights, key=_order)

    def recorded(self, run_id: str) -> Night | None:
        """What is on record of a night, if anything is. Raises ``InputError`` for a file that is not a night."""
        return next((night for night in self.all() if night.run_id == run_id), None)

    def before(self, run_id: str, date: datetime.date) -> list[Night]:
        """The nights before this one."""
        return [night for night in self.all() if _order(night) < (date, run_id)]

    def write(self, night: Night) -> Path:
        """Puts a night on record, in the place of what the same run left before."""
        write_json(self.path(night.run_id), without_secrets_in(night.model_dump(mode="json")))
        return self.path(night.run_id)

    @contextmanager
    def lock(self, run_id: str) -> Iterator[None]:
        """Holds the suite for the block's time; the system lets go of it when the process ends, however it ends. In a store, which
        no system watches, it is a lease: a killed process's is free a minute later.

        Raises:
            InputError: another process holds it; it is named.
            LeaseLostError: another process took this one for dead.
        """
        if on_store(self.folder):
            with hold(Place(self.folder / "lock", "suite", f"suite {self.suite!r} (run {run_id})", self.folder)):
                yield
            return
        make_folder(self.folder)
        with (self.folder / "lock").open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                raise InputError(
                    f"suite {self.suite!r} is running already: {file.read().strip() or 'by another process'}; wait for its end"
                ) from None
            file.truncate(0)
            file.write(f"run {run_id}, process {os.getpid()} on {socket.gethostname()}")
            file.flush()
            try:
                yield
            finally:
                file.truncate(0)


def _order(night: Night) -> tuple[datetime.date, str]:
    return night.date, night.run_id


def bad_nights_in_a_row(earlier: list[Night], tonight: Verdict) -> int:
    """How many nights fell short one after the other, up to and with tonight; 0 when tonight did not."""
    count = int(tonight.short)
    for night in reversed(earlier if count else []):
        if not night.finding.short:
            break
        count += 1
    return count


def last_good(earlier: list[Night]) -> Night | None:
    """The latest night that did not fall short."""
    return next((night for night in reversed(earlier) if not night.finding.short), None)


def submission_id(environment: Mapping[str, str]) -> str | None:
    """The Ray job submission that this process is the driver of, if it is one."""
    config: dict[str, Any] = json.loads(environment.get("RAY_JOB_CONFIG_JSON_ENV_VAR") or "{}")
    found = (config.get("metadata") or {}).get("job_submission_id")
    return None if found is None else str(found)


def name_night(suite: str, date: datetime.date | None, environment: Mapping[str, str]) -> tuple[str, datetime.date]:
    """Run id ``<suite>-<date>`` and the date (by default today's); in a submitted job the submission id, which Ray grants only once.

    Raises ``InputError`` when a submission id is not such a name, for then it would lock nothing, or names another date.
    """
    submitted = submission_id(environment)
    wanted = f"{suite}-{date or datetime.date.today()}"
    if submitted is None:
        return wanted, date or datetime.date.today()
    match = re.fullmatch(rf"{re.escape(suite)}-(\d{{4}}-\d\d-\d\d)(-[A-Za-z0-9]+)?", submitted)
    if match is None or (date is not None and match[1] != str(date)):
        raise InputError(
            f"submission id {submitted!r} is not the night's name; submit with --submission-id {wanted} "
            f"(or {wanted}-WORD for another try), so that Ray refuses a second job of the same night"
        )
    try:
        return submitted, datetime.date.fromisoformat(match[1])
    except ValueError as error:
        raise InputError(f"submission id {submitted!r}: {error}") from error
