"""The trials of an attack: those that the lake holds already, those that wait to be written, and what the profile says of each."""

import threading
import uuid
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from safesweep.attacks.base import Seen
from safesweep.files import make_folder
from safesweep.lake.attempts import ATTEMPTS, write_attempts
from safesweep.lake.parquet_files import read_table, replace_rows
from safesweep.lake.schema import from_records, to_record
from safesweep.lake.status import MADE
from safesweep.lake.store import RunStore
from safesweep.lake.streaming import stream_rows
from safesweep.measures.attacks import with_floor
from safesweep.measures.profiles import Profile


class AttackTrials:
    """All trials of a run by their ids."""

    def __init__(self, store: RunStore, profile: Profile, fidelity_floor: float | None = None) -> None:
        self._store, self._profile, self._floor = store, profile, fidelity_floor
        self._judged: dict[str, Seen] = {}
        self._where: dict[str, Any] = {}
        self._records: dict[str, bytes] = {}
        self._attempts: list[dict[str, Any]] = []
        self._writing = threading.Lock()
        for path in store.files():
            for batch in stream_rows(path, ("trial_id", "status", "evidence")):
                for row in batch.to_pylist():
                    self._judge(row)
                    self._where[row["trial_id"]] = path

    def __len__(self) -> int:
        return len(self._judged)

    def __contains__(self, trial_id: object) -> bool:
        return trial_id in self._judged

    def seen(self, trial_id: str, fidelity: float | None) -> Seen:
        """What the profile says of a trial that is here, with how far it shows a target."""
        found = self._judged[trial_id]
        return found._replace(outcome=with_floor(found.outcome, fidelity, self._floor), fidelity=fidelity)

    def record(self, trial_id: str) -> bytes:
        """A trial that is here, as it travels between actors."""
        if (waiting := self._records.get(trial_id)) is not None:
            return waiting
        [row] = read_table(self._where[trial_id], filters=[("trial_id", "=", trial_id)]).to_pylist()
        return to_record(row)

    def add(self, record: bytes) -> str:
        """Takes a scored trial that was made just now; returns its id."""
        [row] = from_records([record]).select(["trial_id", "status", "evidence"]).to_pylist()
        self._judge(row)
        self._records[row["trial_id"]] = record
        return str(row["trial_id"])

    def add_attempt(self, row: Mapping[str, Any]) -> None:
        """Takes an attempt, with the columns of ``ATTEMPTS``; its trial is here."""
        self._attempts.append({**row, "run_id": self._store.run_id})

    def write(self) -> None:
        """Puts what was added since the last time into the lake: trials first, so that no attempt is without its trial.

        Any thread may call it, while others add; what could not be written is written the next time.
        """
        with self._writing:
            # attempts before records: the trial of each is among these
            attempts = self._attempts[:]
            records = dict(self._records)
            if records:
                path = self._store.folder / f"part-{uuid.uuid4().hex}.parquet"
                make_folder(path.parent)
                replace_rows(path, from_records(list(records.values())))
                for trial_id in records:
                    self._where[trial_id] = path
                    del self._records[trial_id]
            if attempts:
                write_attempts(self._store.lake, self._store.run_id, pa.Table.from_pylist(attempts, ATTEMPTS))
                del self._attempts[: len(attempts)]

    def _judge(self, row: Mapping[str, Any]) -> None:
        judgement = self._profile.judge(row["evidence"] if row["status"] == MADE else None, row["status"])
        self._judged[row["trial_id"]] = Seen(judgement.outcome, judgement.score, None)
