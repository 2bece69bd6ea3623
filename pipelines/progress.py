"""How far a run is: a bar on a terminal, a line every so often in a log."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from safesweep.lake.store import RunStore

TERMINAL_PERIOD_S = 1.0
LOG_PERIOD_S = 10.0


@contextmanager
def watch(store: RunStore, held: int, expected: int, console: Console) -> Iterator[None]:
    """Shows, while the block runs, how many of ``expected`` trials the lake holds; ``held`` were there before."""
    stop = threading.Event()
    show = _bar if console.is_terminal else _lines
    thread = threading.Thread(target=show, args=(store, held, expected, console, stop), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _bar(store: RunStore, held: int, expected: int, console: Console, stop: threading.Event) -> None:
    columns = (
        TextColumn("trials in the lake"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("trials", total=expected, completed=held)
        while not stop.wait(TERMINAL_PERIOD_S):
            progress.update(task, completed=store.rows_so_far())
        progress.update(task, completed=store.rows_so_far())


def _lines(store: RunStore, held: int, expected: int, console: Console, stop: threading.Event) -> None:
    started = time.monotonic()
    while not stop.wait(LOG_PERIOD_S):
        rows = store.rows_so_far()
        elapsed = time.monotonic() - started
        console.print(progress_line(elapsed, rows, held, expected))


def progress_line(elapsed_s: float, rows: int, held: int, expected: int) -> str:
    """How far a run is ``elapsed_s`` seconds after its start: what the lake holds, at which pace, and when the rest is there.

    The pace counts what this run made, not the ``held`` trials that were there before.
    """
    pace = (rows - held) / elapsed_s
    left = f", about {(expected - rows) / pace / 60:.1f} min left" if pace > 0 else ""
    return f"{elapsed_s:5.0f} s  {rows} of {expected} trials in the lake, {pace:.1f} a second{left}"
