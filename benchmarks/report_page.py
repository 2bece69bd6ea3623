#!/usr/bin/env python3
"""How large a report of I2P's size is, and how soon Chromium shows it, with all that it leads with.

Writes two synthetic runs of 4,703 prompts in five cells (hazard, benign and near-miss prompts, two judges of two families, labels of the
later run, pictures that a codec cannot shrink to nothing), makes the report of the later one as a user does, and opens it, in light and
dark. The last line is one JSON object: ``prompts``, ``cells``, ``written_s``, ``megabytes``, and the slower theme's medians: ``painted_s``
until text can be read, ``opened_s`` until the page has loaded and the chart that it leads with is drawn (others are drawn when they come
near the window), and ``busy_s``, the main thread's processor time up to then, which other load on the machine changes less.
"""

import argparse
import hashlib
import io
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

PROMPTS, SHARES = 4703, {"i2p": 0.7, "coco": 0.2, "near": 0.1}
"""Of prompt sets: hazards, benign prompts, near misses."""
CELLS = {
    "none": None,
    "sld strong": None,
    "static_negative γ=7.5": 7.5,
    "dynamic_negative γ=5": 5.0,
    "dynamic_negative γ=7.5": 7.5,
}
RATES = {
    "none": 0.55,
    "sld strong": 0.2,
    "static_negative γ=7.5": 0.1,
    "dynamic_negative γ=5": 0.14,
    "dynamic_negative γ=7.5": 0.08,
}
"""Unsafe share of hazard pictures."""
CATEGORIES = ("hate", "harassment", "violence", "self-harm", "sexual", "shocking", "illegal activity")
LAST, RUN = "sweep-2026-11-29", "sweep-2026-11-30"
PICTURES, SIDE = 96, 512
SAMPLE = 200
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
LED = ".chart[data-chart='lead'][data-drawn]"


def uniform(*words: object) -> float:
    """A number in [0, 1) that depends on the words only."""
    return int.from_bytes(hashlib.sha256(repr(words).encode()).digest()[:6]) / 2**48


def pictures() -> list[bytes]:
    """WebP pictures with as much in them as photographs have."""
    import numpy as np
    from PIL import Image

    generator = np.random.default_rng(0)
    found = []
    for _ in range(PICTURES):
        coarse = Image.fromarray(generator.integers(0, 256, (24, 24, 3), dtype=np.uint8)).resize(
            (SIDE, SIDE), Image.Resampling.BICUBIC
        )
        grain = np.asarray(coarse).astype(int) + generator.integers(-8, 9, (SIDE, SIDE, 1))
        buffer = io.BytesIO()
        Image.fromarray(np.clip(grain, 0, 255).astype(np.uint8)).save(buffer, "WEBP", quality=80)
        found.append(buffer.getvalue())
    return found


def rows(run: str, prompts: int, drawn: list[bytes], shift: float) -> Iterator[dict[str, Any]]:
    """Every trial of a run. ``shift``: how much more often a guided cell's pictures are unsafe."""
    for place in range(prompts):
        share = place / prompts
        name = "i2p" if share < SHARES["i2p"] else "coco" if share < SHARES["i2p"] + SHARES["coco"] else "near"
        hazard = name == "i2p"
        text = f"synthetic {name} prompt {place} of a plain scene with some words more, as prompts are long"
        for cell, gamma in CELLS.items():
            rate = (RATES[cell] + (0.0 if cell == "none" else shift)) if hazard else 0.01
            unsafe = uniform(place, "unsafe") < rate
            other = unsafe if uniform(place, cell, "other") < 0.85 else not unsafe
            changed = cell != "none" and uniform(place, cell, "changed") < 0.6
            ruin = 0.3 if cell.startswith("static") else 0.05 + shift
            ruined = name == "near" and cell != "none" and uniform(place, "ruined") < ruin
            loss = 0.06 if ruined else 0.004 * (gamma or 0.0) if cell.startswith("static") else 0.0005 * (gamma or 0.0)
            yield {
                "run_id": run,
                "trial_id": hashlib.sha256(repr((cell, place)).encode()).hexdigest()[:32],
                "prompt_id": str(place),
                "prompt": text,
                "prompt_hash": hashlib.sha256(text.encode()).hexdigest(),
                "prompt_set": name,
                "benign": not hazard,
                "categories": [CATEGORIES[place % 7] if hazard else name],
                "prompt_row": place,
                "source": f"{name}.csv",
                "source_sha256": hashlib.sha256(name.encode()).hexdigest(),
                "method": cell.split()[0],
                "cell": cell,
                "cell_json": json.dumps(
                    {"guidance": {"method": cell.split()[0], "negative_scale": gamma}, "guidance_scale": 7.5}
                ),
                "guidance_scale": 7.5,
                "negative_scale": gamma,
                "solver": "DPMSolverMultistepScheduler",
                "num_inference_steps": 50,
                "seed": place,
                "sample_index": 0,
                "width": SIDE,
                "height": SIDE,
                "status": "ok",
                "picture": drawn[int(uniform(place, cell if changed else "none", "picture") * len(drawn))],
                "exchanges": [_exchange(step, drawn, place, hazard and unsafe) for step in (6, 12, 24)]
                if "dynamic" in cell
                else [],
                "evidence": [
                    _evidence(
                        "classifier", dagger=0.5 + 0.49 * uniform(place, cell) if unsafe else 0.2 * uniform(place, cell)
                    ),
                    _evidence("q16", inappropriate=0.9 if other else 0.1),
                    _evidence(
                        "clip",
                        cosine=0.3 - loss + 0.03 * uniform(place, "cosine") + 0.01 * uniform(place, cell, "cosine"),
                    ),
                ],
                "rows": 100.0,
                "rows_alone": 150,
                "compute_seconds": 0.5 + 0.01 * uniform(run, place, cell, "compute"),
                "seconds": 1 + 0.01 * uniform(run, place, cell, "seconds"),
                "models": json.dumps({"diffusion": "synthetic@0"}),
                "versions": "{}",
                "git_revision": "0" * 40,
                "finished_at": datetime(2026, 11, 30, tzinfo=UTC),
            }


def _exchange(step: int, drawn: list[bytes], place: int, named: bool) -> dict[str, Any]:
    return {
        "step": step,
        "preview": drawn[int(uniform(place, step) * len(drawn))] if place % 50 == 0 else None,
        "question": "What unwanted content does the picture show? Answer with the terms, or none.",
        "answer": "there is a weapon and blood" if named else "none",
        "terms": ["weapon", "blood"] if named else [],
        "seconds": 0.2,
        "shared_by": 1,
    }


def _evidence(scorer: str, **scores: float) -> dict[str, Any]:
    found = [{"label": label, "score": score, "box": None} for label, score in scores.items()]
    if scorer == "classifier":
        found += [{"label": label, "score": 0.0, "box": None} for label in ("flame", "skull")]
    return {"scorer": scorer, "model": f"{scorer}@0", "error": None, "measurements": found}


def write_run(lake: Path, run: str, prompts: int, drawn: list[bytes], shift: float, started: str) -> None:
    """A run as its job leaves it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from safesweep.lake.schema import SCHEMA

    folder = lake / "trials" / f"run={run}"
    folder.mkdir(parents=True)
    (lake / "runs").mkdir(exist_ok=True)
    held: list[Any] = []
    files: list[str] = []
    count = 0

    def flush() -> None:
        path = folder / f"part-{len(files):05d}.parquet"
        pq.write_table(pa.Table.from_pylist(held, SCHEMA), path, compression="zstd")
        files.append(str(path.relative_to(lake)))
        held.clear()

    for row in rows(run, prompts, drawn, shift):
        held.append(row)
        count += 1
        if len(held) == 2000:
            flush()
    flush()
    sets = [[name, f"{name}.csv", hashlib.sha256(name.encode()).hexdigest()] for name in SHARES]
    manifest = {
        "run_id": run,
        "status": "complete",
        "started_at": started,
        "expected_trials": count,
        "held_trials": count,
        "files": files,
        "benign_sets": ["coco", "near"],
        "near_miss_sets": ["near"],
        "profile": "miniature",
        "prompt_sets": sets,
        "cells": [{"name": cell} for cell in CELLS],
        "models": {"diffusion": "synthetic@0", "classifier": "classifier@0", "q16": "q16@0", "clip": "clip@0"},
        "versions": {"python": "3.11"},
        "git_revision": "0" * 40,
        "config": {"banner": "Synthetic: numbers and pictures are drawn from hashes."},
    }
    (lake / "runs" / f"{run}.json").write_text(json.dumps(manifest))


def write_labels_of(lake: Path, run: str) -> None:
    """A sample of the run, labelled by one person who sees what nine of ten verdicts say."""
    from safesweep.lake.label_files import as_table
    from safesweep.lake.labels import write_labels
    from safesweep.measures.calibration.sample import draw_sample
    from safesweep.measures.profiles import get_profile

    sample = draw_sample(lake, run, get_profile("miniature"), ["coco", "near"], size=SAMPLE, keys=["cell", "verdict"])
    told = []
    for one in sample.drawn:
        stratum = sample.strata[one.stratum]
        verdict = stratum.values[1]
        told.append(
            {
                "run_id": run,
                "trial_id": one.trial_id,
                "picture_sha256": "",
                "verdict": verdict if uniform(one.trial_id) < 0.9 else "safe" if verdict == "unsafe" else "unsafe",
                "categories": [],
                "labeller": "ann",
                "labelled_at": datetime(2026, 11, 30, tzinfo=UTC),
                "sample": sample.name,
                "profile": "miniature",
                "stratum": "",
                "stratum_verdict": verdict,
                "population": stratum.population,
                "drawn": stratum.drawn,
            }
        )
    write_labels(lake, run, as_table(told))


def opened(page: Path, tries: int, shots: Path | None) -> list[float]:
    """Seconds from asking for the page until text is there, and until its first chart is; processor seconds of the page's main thread up to
    then. Medians of the slower theme.
    """
    import os
    import shutil

    from playwright.sync_api import sync_playwright

    names = ("chromium", "chromium-browser", "google-chrome")
    binary = next((found for name in names if (found := shutil.which(name))), None)
    slower = [0.0, 0.0, 0.0]
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=binary, args=["--no-sandbox"] if os.geteuid() == 0 else [])
        for scheme in ("light", "dark"):
            took = []
            for _ in range(tries):
                context = browser.new_context(
                    offline=True, viewport={"width": 1280, "height": 900}, color_scheme=scheme
                )
                tab = context.new_page()
                meter = context.new_cdp_session(tab)
                meter.send("Performance.enable", {"timeDomain": "threadTicks"})
                start = time.perf_counter()
                tab.goto(page.as_uri())
                tab.locator(LED).wait_for(timeout=300_000)
                first = time.perf_counter() - start
                measured = meter.send("Performance.getMetrics")["metrics"]
                busy = next(one["value"] for one in measured if one["name"] == "TaskDuration")
                painted = tab.evaluate(PAINTED) / 1000
                took.append((painted, first, busy))
                if shots is not None:
                    for index in range(tab.locator(".chart").count()):
                        tab.locator(".chart").nth(index).scroll_into_view_if_needed()
                    tab.wait_for_timeout(2000)
                    tab.screenshot(path=shots / f"{page.stem}-{scheme}.png", full_page=True)
                context.close()
            words = ", ".join(f"{painted:.2f} {first:.2f} (busy {busy:.2f})" for painted, first, busy in took)
            print(f"{scheme}: {words} s", flush=True)
            slower = [
                max(one, statistics.median(side)) for one, side in zip(slower, zip(*took, strict=True), strict=True)
            ]
        browser.close()
    return slower


def main() -> None:
    """Runs it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", type=int, default=PROMPTS)
    parser.add_argument("--tries", type=int, default=3, help="times that each theme is opened")
    parser.add_argument("--folder", type=Path, help="keep lake and page there, and use a lake that is there already")
    parser.add_argument("--screenshots", type=Path, help="folder for a picture of the page in light and dark")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        lake, page = folder / "lake", folder / "report.html"
        if not lake.exists():
            drawn = pictures()
            write_run(lake, LAST, options.prompts, drawn, 0.0, "2026-11-29T02:00:00+00:00")
            write_run(lake, RUN, options.prompts, drawn, 0.03, "2026-11-30T02:00:00+00:00")
            write_labels_of(lake, RUN)
        job = Path(__file__).resolve().parents[1] / "jobs" / "report.py"
        start = time.perf_counter()
        subprocess.run([sys.executable, str(job), str(lake), "--run", RUN, "--out", str(page)], check=True)
        written = time.perf_counter() - start
        painted_s, led, busy_s = opened(page, options.tries, options.screenshots)
        found = {
            "prompts": options.prompts,
            "cells": len(CELLS),
            "written_s": round(written, 1),
            "megabytes": round(page.stat().st_size / 1e6, 2),
            "painted_s": round(painted_s, 2),
            "opened_s": round(led, 2),
            "busy_s": round(busy_s, 2),
        }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
