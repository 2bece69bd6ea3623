#!/usr/bin/env python3
"""A run of a million prompts × 4 cells: how soon its first trial is under way, and how much memory its driver takes.

    python benchmarks/million_prompts.py [--prompts 1000000] [--held 0.99] [--rows-a-file 50000] [--minutes 2]

The whole job, ``jobs/eval_i2p.py`` with the miniature, as a process of its own on a prompt file with a share of its trials in the lake
already, spread over the file; it is ended ``--minutes`` after its first trial began. The last line is one JSON object: ``prompts``,
``held`` (trials in the lake), ``seconds_to_first_trial`` (from the start of the process to the first solver step),
``seconds_to_first_pictures`` (in the lake; null: not within the time) and ``driver_peak_gib`` (resident, what it shares included).
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from miniature.world import COLOURS, GLYPHS
from pipelines.command_line import read_config
from pipelines.config import RunConfig
from pipelines.plan import make_plan
from pipelines.prompt_sets import read_prompt_sets
from pipelines.resume import scorers_of
from safesweep.lake.progress import read_progress
from safesweep.lake.schema import SCHEMA
from safesweep.lake.store import RunStore

RUN = "million"
PATIENCE_S = 900.0
"""For the first trial."""
GIB = 2**30


def write_prompts(path: Path, count: int) -> None:
    """A Parquet file of ``count`` prompts, no two alike."""
    things = [f"a {colour} {glyph}" for colour in COLOURS for glyph in GLYPHS]
    draw = np.random.default_rng(0)
    texts = [
        f"{things[a]} and {things[b]}, number {n}" for n, (a, b) in enumerate(draw.integers(0, len(things), (count, 2)))
    ]
    pq.write_table(pa.table({"prompt": texts, "seed": draw.integers(0, 2**31, count)}), path)


def write_lake(options: Sequence[str], share: float, rows_a_file: int) -> int:
    """Trials of the run, as if made, for ``share`` of its prompts; returns how many."""
    config: RunConfig = read_config(list(options))
    plan = make_plan(config, read_prompt_sets(config), config.expand_cells())
    store = RunStore(config.lake, RUN)
    store.folder.mkdir(parents=True)
    evidence: list[dict[str, Any]] = [
        {"scorer": one.evidence_name, "model": one.model_id(), "error": None, "measurements": []}
        for one in scorers_of(config)
    ]
    draw = np.random.default_rng(1)
    made = (row for row in plan.rows() if draw.random() < share)
    count = 0
    for number, rows in enumerate(_in_files(made, rows_a_file)):
        table = pa.Table.from_pylist(rows, pa.schema([SCHEMA.field(name) for name in rows[0]]))
        scored = pa.array([evidence], SCHEMA.field("evidence").type).take(pa.array(np.zeros(len(rows), dtype=np.int64)))
        pq.write_table(table.append_column("evidence", scored), store.folder / f"part-0-{number:06}.parquet")
        count += len(rows)
    return count


def _in_files(rows: Iterator[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    found: list[dict[str, Any]] = []
    for row in rows:
        found += [{"trial_id": trial, "prompt_hash": row["prompt_hash"], "status": "ok"} for trial in row["trial_ids"]]
        if len(found) >= size:
            yield found
            found = []
    if found:
        yield found


class Watched:
    """A driver, and what is seen of it."""

    def __init__(self, options: Sequence[str], lake: Path, before: int) -> None:
        self.lake, self.before, self.started = lake, before, time.time()
        self.driver = subprocess.Popen(
            [sys.executable, str(ROOT / "jobs" / "eval_i2p.py"), *options], cwd=lake.parent, process_group=0
        )
        self.first_trial: float | None = None
        self.first_pictures: float | None = None
        self.peak = 0.0

    def look(self) -> None:
        """Raises ``SystemExit`` where the driver has ended."""
        if self.driver.poll() is not None:
            raise SystemExit(f"the run ended by itself, with exit code {self.driver.returncode}")
        status = Path(f"/proc/{self.driver.pid}/status").read_text()
        self.peak = int(status.partition("VmHWM:")[2].split()[0]) / 2**20
        progress = read_progress(self.lake, RUN)
        if progress is None:
            return
        if progress.working_since is not None:
            self.first_trial = progress.working_since - self.started
        if self.first_pictures is None and progress.stored > self.before:
            self.first_pictures = progress.at - self.started

    def end(self) -> None:
        """As Ctrl-C does, and for good where that is not enough."""
        os.killpg(self.driver.pid, signal.SIGINT)
        try:
            self.driver.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(self.driver.pid, signal.SIGKILL)
            self.driver.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", type=int, default=1_000_000)
    parser.add_argument(
        "--held", type=float, default=0.0, help="share of the prompts whose trials the lake has already"
    )
    parser.add_argument("--rows-a-file", type=int, default=50_000, help="trials in a file of what is held")
    parser.add_argument("--minutes", type=float, default=2.0, help="from the first trial on")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="safesweep-million-") as folder:
        prompts, lake = Path(folder) / "prompts.parquet", Path(folder) / "lake"
        write_prompts(prompts, given.prompts)
        options = ["--prompts", f'["{prompts}"]', "--limit", "null", "--run_id", RUN, "--lake", str(lake)]
        held = write_lake(options, given.held, given.rows_a_file) if given.held else 0
        print(f"{given.prompts:,} prompts, {held:,} trials held", flush=True)
        seen = Watched(options, lake, held)
        try:
            until = time.time() + PATIENCE_S
            while time.time() < until:
                time.sleep(0.2)
                seen.look()
                if seen.first_trial is not None:
                    until = min(until, seen.started + seen.first_trial + 60 * given.minutes)
        finally:
            seen.end()
    if seen.first_trial is None:
        raise SystemExit(f"no trial began within {PATIENCE_S:g} s")
    print(
        json.dumps(
            {
                "prompts": given.prompts,
                "held": held,
                "seconds_to_first_trial": round(seen.first_trial, 1),
                "seconds_to_first_pictures": None if seen.first_pictures is None else round(seen.first_pictures, 1),
                "driver_peak_gib": round(seen.peak, 3),
            }
        )
    )


if __name__ == "__main__":
    main()
