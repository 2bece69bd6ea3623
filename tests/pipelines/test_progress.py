"""What a log, a terminal and another shell see of a run that is under way."""

import io
import re
import threading
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from pipelines.progress import Watch, watch
from safesweep.engine.counters import Counters
from safesweep.engine.status import EngineStatus
from safesweep.lake.progress import progress_path, read_progress
from safesweep.lake.store import RunStore


@pytest.fixture
def store(tmp_path) -> RunStore:
    found = RunStore(tmp_path, "night")
    found.folder.mkdir(parents=True)
    pq.write_table(pa.table({"trial_id": ["a", "b", "c"]}), found.folder / "part-0.parquet")
    return found


def engine(**counted):
    return EngineStatus.of(
        Counters(**counted), seconds=10.0, in_flight=4, parked=2, waiting=0, steps_in_flight=0
    ).as_dict()


@pytest.mark.parametrize("terminal", [False, True])
def test_what_is_shown_is_of_the_lake_and_the_engines(store, terminal, monkeypatch):
    monkeypatch.setattr("pipelines.progress.LOG_PERIOD_S", 0.01)
    monkeypatch.setattr("pipelines.progress.TERMINAL_PERIOD_S", 0.01)
    monkeypatch.setattr("safesweep.lake.progress.PACE_FROM_S", 0.0)
    log, looks = io.StringIO(), threading.Semaphore(0)

    def engines():
        looks.release()
        return [engine(steps=25, trials=1, rows=400, forward_seconds=9.0)]

    with watch(store, 3, 8, Console(file=log, width=200, force_terminal=terminal), steps=100, engines=engines):
        for _ in range(4):
            assert looks.acquire(timeout=30)
        if not terminal:
            while "\n" not in log.getvalue():
                time.sleep(0.01)
        seen = read_progress(store.lake, "night")
    assert seen is not None and (seen.stored, seen.before, seen.expected, seen.steps_expected) == (3, 3, 8, 100)
    assert seen.engines == 1 and seen.sums["steps"] == 25
    wanted = (
        r" *\d+ s  3 of 8 trials in the lake, 0\.0 a second; 25% of the steps, 1 pictures made, 40 rows a second, "
        r"90% of the time in the network, 2 await the VLM; about \d+ \w+ left"
    )
    if terminal:
        shown = log.getvalue()
        assert all(
            one in shown for one in ("3 of 8", "25 of 100", "1 made; 0.0 trials", "40 rows a second, 90%", " left")
        )
    else:
        lines = log.getvalue().splitlines()
        assert lines and all(re.fullmatch(wanted, line) for line in lines), lines
    assert not progress_path(store.lake, "night").exists(), "the manifest says how it ended"


def test_the_pace_is_from_the_first_step_on(store, monkeypatch):
    now = 1000.0
    monkeypatch.setattr("pipelines.progress.time.time", lambda: now)
    told: list[dict[str, float]] = []
    looked_at = Watch(store, 3, 8, 100, lambda: told)
    assert looked_at.look().seconds_left is None
    now, told = 1100.0, [engine(steps=1)]
    assert looked_at.look().working_since == 1100.0
    now, told = 1110.0, [engine(steps=20)]
    assert looked_at.look().seconds_left == pytest.approx(40.0)


def test_a_lake_that_is_out_of_reach_stops_nobody(store, monkeypatch):
    def refuse(*_):
        raise OSError("out of reach")

    monkeypatch.setattr("pipelines.progress.lake_progress.write_progress", refuse)
    monkeypatch.setattr("pipelines.progress.lake_progress.remove_progress", refuse)
    with watch(store, 3, 8, Console(file=io.StringIO()), steps=100, engines=list):
        assert Watch(store, 3, 8, 100, list).look().stored == 3
