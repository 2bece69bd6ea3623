"""How far a run is: a panel on a terminal, a line every so often in a log, and a file beside the manifest for other shells."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from rich.console import Console
from rich.live import Live

from safesweep.lake import progress as lake_progress
from safesweep.lake.store import RunStore
from safesweep.lake.stores import failures
from safesweep.reports.progress_panel import progress_panel
from safesweep.reports.progress_text import progress_line

TERMINAL_PERIOD_S = 1.0
LOG_PERIOD_S = 10.0
FILE_PERIOD_S = 5.0
"""Between two writings of the file."""
Engines = Callable[[], Sequence[Mapping[str, float]]]
"""Gives the last status of each engine, as ``EngineStatus.as_dict`` does."""


class Watch:
    """Looks at a run: at its lake for what is stored, at its engines for what is under way.

    ``before`` of ``expected`` trials were in the lake already; the others take ``steps`` solver steps.
    """

    def __init__(self, store: RunStore, before: int, expected: int, steps: int, engines: Engines) -> None:
        self._store, self._engines = store, engines
        self._before, self._expected, self._steps = before, expected, steps
        self._since, self._working_since = time.time(), None  # type: float, float | None
        self._written = 0.0
        self.sums: dict[str, float] = {}
        """`ENGINE_SUMS` over the engines, as they were last told."""

    def look(self) -> lake_progress.Progress:
        """How far the run is now; writes it to the lake every ``FILE_PERIOD_S``."""
        now = time.time()
        engines = self._engines()
        sums = self.sums = lake_progress.total(engines)
        if self._working_since is None and sums["steps"]:
            self._working_since = now
        found = lake_progress.Progress(
            since=self._since,
            at=now,
            expected=self._expected,
            before=self._before,
            stored=self._store.rows_so_far(),
            steps_expected=self._steps,
            working_since=self._working_since,
            engines=len(engines),
            sums=sums,
        )
        if now - self._written >= FILE_PERIOD_S:
            # a lake that is out of reach for a while is told of by those who write trials
            with suppress(*failures()):
                lake_progress.write_progress(self._store.lake, self._store.run_id, found)
            self._written = now
        return found


@contextmanager
def watch(
    store: RunStore, before: int, expected: int, console: Console, *, steps: int, engines: Engines
) -> Iterator[Watch]:
    """Shows how far the run is while the block runs, and once more at its end; arguments as ``Watch`` has them."""
    stop = threading.Event()
    show = _panel if console.is_terminal else _lines
    looked_at = Watch(store, before, expected, steps, engines)
    thread = threading.Thread(target=show, args=(looked_at, console, stop), name="progress", daemon=True)
    thread.start()
    try:
        yield looked_at
    finally:
        stop.set()
        thread.join()
        looked_at.look()
        with suppress(*failures()):
            lake_progress.remove_progress(store.lake, store.run_id)


def _panel(looked_at: Watch, console: Console, stop: threading.Event) -> None:
    with Live(progress_panel(looked_at.look()), console=console, refresh_per_second=2) as live:
        while True:
            ended = stop.wait(TERMINAL_PERIOD_S)
            live.update(progress_panel(looked_at.look()))
            if ended:
                return


def _lines(looked_at: Watch, console: Console, stop: threading.Event) -> None:
    looked_at.look()
    while not stop.wait(LOG_PERIOD_S):
        console.print(progress_line(looked_at.look()), soft_wrap=True, highlight=False)
