"""Debian's Chromium, driven by playwright; installed where it is missing and can be, else the tests say why they are skipped."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")


def _found() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@cache
def binary() -> str | None:
    """Path of the browser; installs Debian's package when none is there and this user may. None when that fails."""
    if _found() is None and shutil.which("apt-get") and os.geteuid() == 0:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "chromium"]):
            subprocess.run(command, env=environment, capture_output=True, timeout=240, check=False)
    return _found()


def options() -> dict[str, Any]:
    """How the browser is started."""
    # Chromium refuses its sandbox to root, which containers run tests as.
    return {"executable_path": binary(), "args": ["--no-sandbox"] if os.geteuid() == 0 else []}


@contextmanager
def browser(*, launch: bool = True) -> Iterator[Any]:
    """A headless browser, or the driver that starts one; skips the test where there can be none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright, of the dev extra")
    if binary() is None:
        pytest.skip("needs Debian's chromium, which is not installed and could not be (apt-get install chromium)")
    with playwright.sync_playwright() as driver:
        if not launch:
            yield driver
            return
        opened = driver.chromium.launch(**options())
        yield opened
        opened.close()
