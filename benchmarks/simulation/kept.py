"""Settings of a simulation that are run one by one, with results kept in a file, so that a run that was ended goes on where it was."""

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

S = TypeVar("S")
R = TypeVar("R")


def run_kept(
    chosen: Sequence[S],
    kept: Path | None,
    run: Callable[[S], R],
    *,
    read: Callable[[dict[str, Any]], tuple[S, R]],
    written: Callable[[R], dict[str, Any]],
) -> list[R]:
    """All of them; those that ``kept`` has, one JSON object a line, are ``read``, the others are ``written`` behind these."""
    lines = kept.read_text().splitlines() if kept is not None and kept.exists() else []
    known = dict(read(json.loads(line)) for line in lines)
    found, started = [], time.monotonic()
    for number, setting in enumerate(chosen):
        if setting in known:
            found.append(known[setting])
            continue
        found.append(run(setting))
        if kept is not None:
            kept.parent.mkdir(parents=True, exist_ok=True)
            with kept.open("a") as file:
                file.write(json.dumps(written(found[-1])) + "\n")
        if number % 50 == 0:
            print(f"{number} of {len(chosen)} settings, {time.monotonic() - started:.0f} s", flush=True)
    return found
