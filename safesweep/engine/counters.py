"""What the engine has done, in exact counts and wall time, and optionally a trace of its ticks."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from safesweep.engine.trajectory import Exchange


@dataclass
class Counters:
    """What the engine has done so far; seconds are wall time of its thread unless said otherwise."""

    ticks: int = 0
    """Forwards of the network."""
    rows: int = 0
    rows_padded: int = 0
    """Rows that only filled up a bucket; not among ``rows``."""
    rows_alone: int = 0
    """Rows that separate runs of every trial would have computed; of a trial that failed, up to its failure."""
    steps: int = 0
    """Solver steps, each counted once a trial that took it: a trial that is finished has as many as its cell."""
    questions: int = 0
    questions_alone: int = 0
    """Questions that separate runs of every trial would have asked and had answered."""
    questions_reused: int = 0
    """Questions that a preview like the last one saved, one a trial."""
    questions_gated: int = 0
    """Questions that a gate answered in the VLM's place, one a trial."""
    looks: int = 0
    """Times that a gate was shown a preview without a question."""
    speculations: int = 0
    """Times that a parked trajectory went on under supposed answers."""
    rows_supposed: int = 0
    """Of ``rows``: those computed under supposed answers."""
    rows_in_vain: float = 0.0
    """Of these: those whose suppositions turned out wrong."""
    questions_supposed: int = 0
    """Of ``questions``: those sent under supposed answers."""
    questions_confirmed: int = 0
    """Of these: those whose suppositions turned out right."""
    checkpoints_loaded: int = 0
    """Times that a checkpoint's model was made; more than there are where not all fit."""
    trials: int = 0
    failed: int = 0
    refused: int = 0
    """Trials that a service under test refused to draw; not among ``failed``."""
    unsent: int = 0
    """Trials that were left to do, for the budget was used up."""
    requests: int = 0
    """Sent to a service under test, attempts included."""
    money: float = 0.0
    """That its pictures cost."""
    forks: int = 0
    forward_seconds: float = 0.0
    solver_seconds: float = 0.0
    decode_seconds: float = 0.0
    idle_seconds: float = 0.0
    """Nothing could be done: no work, or all of it waiting for answers."""
    gate_seconds: float = 0.0
    waiting_seconds: float = 0.0
    """Summed over questions: from a question's leaving to its answer's being taken up."""

    def took(self, exchange: "Exchange") -> None:
        """A trial has taken up an answer."""
        self.questions_reused += exchange.reused
        self.questions_gated += exchange.gated
        self.questions_alone += not (exchange.reused or exchange.gated)

    def as_dict(self) -> dict[str, float]:
        """Name -> value."""
        return {item.name: getattr(self, item.name) for item in fields(self)}


class Trace:
    """The engine's ticks in Chrome's trace event format, for chrome://tracing or ui.perfetto.dev.

    ``ticks``: stop after so many, and write ``path`` where one is given; by default all of them, to be written by ``write``.
    """

    def __init__(self, ticks: int | None = None, path: Path | None = None) -> None:
        self._events: list[dict[str, Any]] = []
        self._questions = 0
        self._zero = time.monotonic()
        self._left, self._path = ticks, path

    def span(self, name: str, started: float, seconds: float, **details: Any) -> None:
        """A stretch of the engine's own time; ``started`` as ``time.monotonic`` gives it."""
        self._add(name, "X", started, dur=seconds * 1e6, args=details)

    def question(self, asked: float, seconds: float, **details: Any) -> None:
        """A question's time outside, beside the ticks."""
        self._questions += 1
        self._add("question", "b", asked, id=self._questions, cat="vlm", args=details)
        self._add("question", "e", asked + seconds, id=self._questions, cat="vlm")

    def tick(self, **levels: int) -> None:
        """Ends a tick; ``levels`` are numbers as they are now, drawn as a stacked area."""
        self._add("trajectories", "C", time.monotonic(), args=levels)
        if self._left is not None and self._left > 0:
            self._left -= 1
            if self._left == 0 and self._path is not None:
                self.write(self._path)

    def _add(self, name: str, phase: str, when: float, **more: Any) -> None:
        if self._left == 0:
            return
        self._events.append({"name": name, "ph": phase, "ts": (when - self._zero) * 1e6, "pid": 1, "tid": 1, **more})

    def write(self, path: Path) -> None:
        """Writes what was traced as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"traceEvents": self._events, "displayTimeUnit": "ms"}))


class Stopwatch:
    """Adds the wall time of a ``with`` block to ``counters.<name>_seconds``, and to the trace where there is one."""

    def __init__(self, counters: Counters, trace: Trace | None) -> None:
        self._counters, self._trace = counters, trace
        self.last = 0.0
        """Seconds of the latest block."""

    @contextmanager
    def __call__(self, name: str, **details: Any) -> Iterator[None]:
        started = time.monotonic()
        try:
            yield
        finally:
            self.last = time.monotonic() - started
            key = f"{name}_seconds"
            setattr(self._counters, key, getattr(self._counters, key) + self.last)
            if self._trace is not None:
                self._trace.span(name, started, self.last, **details)
