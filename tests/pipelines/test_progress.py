"""What a log says of a run that is under way."""

import io
import re
import time

import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console

from pipelines.progress import progress_line, watch
from safesweep.lake.store import RunStore


def test_the_pace_is_of_what_this_run_made_and_tells_when_the_rest_is_there():
    # 60 trials in 120 s are 0.5 a second; 240 are left: 480 s
    assert (
        progress_line(120.0, rows=160, held=100, expected=400)
        == "  120 s  160 of 400 trials in the lake, 0.5 a second, about 8.0 min left"
    )


def test_without_a_trial_yet_nothing_is_foretold():
    assert progress_line(10.0, rows=40, held=40, expected=80) == "   10 s  40 of 80 trials in the lake, 0.0 a second"


def test_what_the_lake_held_before_is_not_in_the_pace_of_the_log(tmp_path, monkeypatch):
    monkeypatch.setattr("pipelines.progress.LOG_PERIOD_S", 0.01)
    store, log = RunStore(tmp_path, "night"), io.StringIO()
    store.folder.mkdir(parents=True)
    pq.write_table(pa.table({"trial_id": ["a", "b", "c"]}), store.folder / "part-0.parquet")
    with watch(store, 3, 8, Console(file=log, width=200)):
        while "\n" not in log.getvalue():
            time.sleep(0.01)
    lines = log.getvalue().splitlines()
    assert all(re.fullmatch(r" *\d+ s  3 of 8 trials in the lake, 0\.0 a second", line) for line in lines), lines
