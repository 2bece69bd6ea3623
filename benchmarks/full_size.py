#!/usr/bin/env python3
"""A full-size model with random weights, built, planned and run for two steps at the smallest size through the main job.

    python benchmarks/full_size.py [--model sd14|sdxl|sd35-medium] [--folder FOLDER] [--dtype bfloat16]

The VLM and the scorers are the miniature's. The last line is one JSON object: ``model``, ``folder_gb``, ``build_seconds``,
``build_peak_gb``, ``plan_seconds``, ``run_seconds``, ``run_peak_gb`` (proportional memory of all processes of the job together),
``trials``, ``exit_code``.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import psutil
import pyarrow.dataset

WEIGHTS = ROOT / "miniature" / "weights"
NEEDED_GB = {"sd14": 8, "sdxl": 18, "sd35-medium": 20}
"""Free memory below which the run is not tried."""
CELLS = [
    {"method": "none"},
    {"method": "dynamic_negative", "negative_scale": 7.5, "query_steps": [1]},
]


class CommandCost(NamedTuple):
    """A command that ran."""

    exit_code: int
    seconds: float
    peak_gb: float


def tree_memory(root: psutil.Process) -> int:
    """Bytes of a process and its descendants, pages that several share counted once."""
    total = 0
    for process in [root, *root.children(recursive=True)]:
        try:
            total += process.memory_full_info().pss
        except psutil.Error:
            continue  # it ended between being listed and being asked
    return total


def measure(command: list[str]) -> CommandCost:
    """Runs ``command`` and watches its memory."""
    started, peak = time.monotonic(), 0
    with subprocess.Popen(command, cwd=ROOT) as running:
        watched = psutil.Process(running.pid)
        while running.poll() is None:
            try:
                peak = max(peak, tree_memory(watched))
            except psutil.NoSuchProcess:
                break
            time.sleep(0.5)
    return CommandCost(running.returncode, time.monotonic() - started, peak / 1e9)


def options(model: str, folder: Path, lake: Path, dtype: str) -> list[str]:
    """The preset's own job on CPUs: its model from ``folder``, the miniature's VLM and scorers, two steps of 64 × 64."""
    clip = [{"kind": "clip", "model": f"local-dir:{WEIGHTS / 'clip'}"}]
    return [
        *("--preset", model, "--hardware", "24gb", "--lake", str(lake), "--run_id", "full-size"),
        *("--diffusion.model", str(folder), "--diffusion.device", "cpu", "--diffusion.num_gpus", "0"),
        *("--diffusion.dtype", dtype, "--diffusion.max_rows", "3"),
        *("--vlm.model", str(WEIGHTS / "vlm"), "--vlm.device", "cpu", "--vlm.num_gpus", "0", "--vlm.dtype", "float32"),
        *("--alignment.num_gpus", "0", "--alignment.scorers", json.dumps(clip), "--vocabulary", "miniature"),
        *("--prompts", json.dumps([{"path": "miniature/prompts/hazard.csv"}]), "--limit", "1"),
        *("--cells", json.dumps(CELLS), "--num_inference_steps", "2", "--width", "64", "--height", "64"),
    ]


def build(model: str, folder: Path) -> CommandCost:
    """Writes the model in a process of its own, so that its memory is its own."""
    code = f"from pathlib import Path; from tests.full_size_models import SAVE; SAVE[{model!r}](Path({str(folder)!r}))"
    return measure([sys.executable, "-c", code])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=sorted(NEEDED_GB), default="sd14")
    parser.add_argument(
        "--folder", type=Path, help="where the model is kept for the next time; by default it is thrown away"
    )
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="bfloat16")
    given = parser.parse_args()
    free = psutil.virtual_memory().available / 1e9
    if free < NEEDED_GB[given.model]:
        print(json.dumps({"model": given.model, "skipped": f"{free:.1f} GB free, {NEEDED_GB[given.model]} needed"}))
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.folder or Path(scratch) / given.model
        built = CommandCost(0, 0.0, 0.0) if (folder / "model_index.json").is_file() else build(given.model, folder)
        if built.exit_code:
            return built.exit_code
        lake = Path(scratch) / "lake"
        job = [sys.executable, "jobs/eval_i2p.py"]
        arguments = options(given.model, folder, lake, given.dtype)
        planned = measure([*job, "--plan", *arguments])
        ran = measure([*job, *arguments]) if planned.exit_code == 0 else planned
        trials = lake / "trials" / "run=full-size"
        made = (
            pyarrow.dataset.dataset(trials).to_table(columns=["status"])["status"].to_pylist()
            if trials.is_dir()
            else []
        )
        size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        print(
            json.dumps(
                {
                    "model": given.model,
                    "dtype": given.dtype,
                    "folder_gb": round(size / 1e9, 2),
                    "build_seconds": round(built.seconds, 1),
                    "build_peak_gb": round(built.peak_gb, 2),
                    "plan_seconds": round(planned.seconds, 1),
                    "plan_peak_gb": round(planned.peak_gb, 2),
                    "run_seconds": round(ran.seconds, 1),
                    "run_peak_gb": round(ran.peak_gb, 2),
                    "trials": {status: made.count(status) for status in sorted(set(made))},
                    "exit_code": ran.exit_code,
                }
            )
        )
    return ran.exit_code


if __name__ == "__main__":
    sys.exit(main())
