"""Makes docs/panel.png: what a terminal shows of a run under way.

    python -m tests.docs.panel

A run of the miniature in a pseudo-terminal; half-way through, what the terminal holds is drawn. Needs Debian's chromium.
"""

import io
import os
import pty
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.text import Text

from safesweep.files import ROOT
from safesweep.lake.progress import read_progress
from tests.jobs.conftest import environment
from tests.safesweep.reports.chromium import browser

PICTURE = ROOT / "docs" / "panel.png"
COLUMNS = 86
COMMAND = ("eval", "--limit", "10", "--rows_per_block", "1", "--run_id", "first")
HALF_WAY = 0.45
MOST_S = 600
CLEARED = re.compile(r"\r?\x1b\[2K(?:\x1b\[1A\x1b\[2K)+|\x1b\[\?25[lh]")
"""How a frame of the panel takes the place of the last one."""


def screen(lake: Path) -> str:
    """What the terminal holds half-way through the run: its log, and the panel's last whole frame."""
    master, slave = pty.openpty()
    variables = environment(COLUMNS=str(COLUMNS), LINES="40", TERM="xterm-256color", PYTHONPATH=str(ROOT))
    command = [sys.executable, "-m", "jobs", *COMMAND, "--lake", str(lake)]
    process = subprocess.Popen(command, stdout=slave, stderr=subprocess.DEVNULL, stdin=slave, cwd=ROOT, env=variables)
    os.close(slave)
    os.set_blocking(master, False)
    held, until = b"", time.monotonic() + MOST_S
    try:
        while time.monotonic() < until and process.poll() is None:
            time.sleep(0.2)
            try:
                held += os.read(master, 1 << 20)
            except OSError:  # nothing is there to be read, or the run has ended
                continue
            found = read_progress(lake, "first")
            if found is not None and found.share >= HALF_WAY and found.stored:
                log, *frames = CLEARED.split(held.decode(errors="replace").replace("\r\n", "\n"))
                whole = [frame for frame in frames if frame.count("\n") >= 5]
                return log.rstrip("\n") + "\n" + whole[-2].strip("\n")
        raise SystemExit(f"the run was not seen half-way: {held[-2000:].decode(errors='replace')}")
    finally:
        process.terminate()
        process.wait(60)
        os.close(master)


def draw(text: str) -> None:
    """Draws a terminal's text into `PICTURE`."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print("$ safesweep " + " ".join(COMMAND) + " 2> /dev/null", style="bold", highlight=False)
    console.print(Text.from_ansi(text))
    with browser() as opened, tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "panel.svg"
        console.save_svg(str(file), title="safesweep")
        page = opened.new_page(device_scale_factor=1)
        page.set_content(file.read_text())
        page.locator("svg").screenshot(path=str(PICTURE))


def main() -> None:
    """Entry point."""
    with tempfile.TemporaryDirectory(prefix="ss") as folder:
        draw(screen(Path(folder) / "lake"))


if __name__ == "__main__":
    main()
