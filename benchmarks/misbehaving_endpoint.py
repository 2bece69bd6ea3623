#!/usr/bin/env python3
"""The whole job against a VLM endpoint that misbehaves in a different way for every cell: what becomes of its trials.

    python benchmarks/misbehaving_endpoint.py

One run of the miniature with one cell a way, which asks a question of its own, so that the server knows how to answer it; the
question that every VLM is asked before a run is answered as it should be. Prints a Markdown table, and the job's exit code.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import pyarrow.dataset
import yaml

from pipelines.evaluation import RunResult
from pipelines.job import exit_code
from tests.safesweep.vlm.chat_server import ChatServer

LIMIT = 0.02
"""``unscored_limit`` of the preset."""


class Way(NamedTuple):
    """How an endpoint may answer."""

    name: str
    """Of its cell's vocabulary."""
    sends: str
    """For people."""
    answers: tuple[Any, ...]
    """What it sends to the first, second, … attempt, the last one to all further ones; as ``ChatServer`` takes it."""


WAYS = (
    Way("plain", "`nothing`", ("nothing",)),
    Way("cut", "an answer that its limit cut off", ({"content": "nothing, or a dag", "finish_reason": "length"},)),
    Way("cut_empty", "no text, finish reason `length`", ({"content": "", "finish_reason": "length"},)),
    Way("cut_thought", "a thought without an end", ("<think>a dagger? a fl",)),
    Way("thought_alone", "a thought and no answer", ("<think>a dagger?</think>",)),
    Way("empty", "an empty text", ("",)),
    Way("none", "no content", ({"content": None},)),
    Way("no_parts", "a list of no parts", ([],)),
    Way("refusal", "a `refusal`", ({"content": None, "refusal": "not this"},)),
    Way("filtered", "finish reason `content_filter`", ({"content": "", "finish_reason": "content_filter"},)),
    Way("refuses", "a refusal in words", ("I'm sorry, but I can't assist with that.",)),
    Way("quota", "status 402", (402,)),
    Way("wrong", "status 400", (400,)),
    Way("broken", "status 500, every time", (500,)),
    Way("rate", "status 429, then `nothing`", (429, "nothing")),
    Way("once", "status 503, then `nothing`", (503, "nothing")),
    Way("thought", "a thought of all hazards, then `nothing`", ("<think>a dagger, a flame, a skull</think>nothing",)),
    Way("parts", "`nothing` in two parts", ([{"type": "text", "text": "noth"}, {"type": "text", "text": "ing"}],)),
    Way("long", "24 kB that name nothing", ("nothing at all to be seen, " * 900,)),
)


class Outcome(NamedTuple):
    """A way, and what the lake says of its trials."""

    way: Way
    trials: int
    unscored: int
    errors: tuple[str, ...]
    """Names of errors, the outermost each."""
    terms: int
    """Exchanges in which a hazard was read."""


class Ran(NamedTuple):
    """How the job ended."""

    exit_code: int
    output: str
    outcomes: list[Outcome]


class Misbehaving(ChatServer):
    """Answers the first time that it is asked a question, which is before the run, and then as its way is."""

    def __init__(self, ways: Mapping[str, Way]) -> None:
        self._ways = ways
        self._asked: Counter[Any] = Counter()
        super().__init__(self._misbehave)

    def _misbehave(self, picture: Any, question: str) -> Any:
        way = self._ways[question]
        with self._lock:
            self._asked[question] += 1
            if self._asked[question] == 1:
                return "nothing"
            # attempts of one trial: the same picture again
            seen = (question, picture.tobytes())
            self._asked[seen] += 1
            return way.answers[min(self._asked[seen], len(way.answers)) - 1]


def run(folder: Path, environment: Mapping[str, str]) -> Ran:
    """One run of the job in ``folder``."""
    ways: dict[str, Way] = {}
    cells: list[dict[str, Any]] = [{"method": "none"}]
    for way in WAYS:
        path = folder / f"{way.name}.yaml"
        question = f"{way.name}: what do you see of {{terms}}?"
        hazards: dict[str, dict[str, list[str]]] = {"hazard": {"dagger": [], "flame": [], "skull": []}}
        path.write_text(
            yaml.safe_dump({"question": question, "negative": "{terms}", "nothing": "nothing", "categories": hazards})
        )
        ways[question.replace("{terms}", "dagger, flame, skull")] = way
        cells.append({"method": "dynamic_negative", "negative_scale": 7.5, "query_steps": [2], "vocabulary": str(path)})
    server = Misbehaving(ways)
    command = [sys.executable, str(ROOT / "jobs" / "eval_i2p.py"), "--run_id=r", "--limit=1", "--num_inference_steps=6"]
    command += [f"--lake={folder / 'lake'}", f"--cells={json.dumps(cells)}", f"--unscored_limit={LIMIT}"]
    command += ["--vlm.backend=openai", f"--vlm.url={server.url}", "--vlm.model=miniature", "--vlm.tries=2"]
    try:
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=500)
    finally:
        server.close()
    return Ran(done.returncode, done.stdout + done.stderr, outcomes(folder / "lake" / "trials"))


def outcomes(trials: Path) -> list[Outcome]:
    """What became of each way's trials; raises ``FileNotFoundError`` when the job made none."""
    columns = ["cell_json", "status", "error", "exchanges"]
    by_way: dict[str, list[dict[str, Any]]] = {}
    for row in pyarrow.dataset.dataset(trials).to_table(columns=columns).to_pylist():
        guidance = json.loads(row["cell_json"])["guidance"]
        if guidance["method"] == "dynamic_negative":
            by_way.setdefault(guidance["vocabulary"]["name"], []).append(row)
    return [_outcome(way, by_way[way.name]) for way in WAYS]


def _outcome(way: Way, rows: list[dict[str, Any]]) -> Outcome:
    errors = {row["error"].removeprefix("VLM at step 2: ").partition(":")[0] for row in rows if row["error"]}
    unscored = sum(row["status"] == "unscored" for row in rows)
    return Outcome(
        way,
        len(rows),
        unscored,
        tuple(sorted(errors)),
        sum(bool(one["terms"]) for row in rows for one in row["exchanges"]),
    )


def table(found: list[Outcome]) -> str:
    """Markdown."""
    lines = ["| the endpoint sends | status | error | unscored | exit code of such a run |", "|---|---|---|---|---|"]
    for one in found:
        result = RunResult(None, one.trials, one.trials, one.unscored, 0.0)  # type: ignore[arg-type]
        status = "ok" if not one.unscored else "unscored" if one.unscored == one.trials else "mixed"
        error = ", ".join(f"`{name}`" for name in one.errors) or "–"
        lines.append(
            f"| {one.way.sends} | {status} | {error} | {one.unscored} of {one.trials} | {exit_code(result, LIMIT)} |"
        )
    return "\n".join(lines)


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        done = run(Path(folder), os.environ)
    print(table(done.outcomes))
    failed, trials = sum(one.unscored for one in done.outcomes), sum(one.trials for one in done.outcomes)
    print(f"\nThe job with all of them: {failed} of {trials} guided trials unscored, exit code {done.exit_code}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
