"""A small disk of the benchmark's own, which can be full for a while: a tmpfs in a mount namespace that ends with the process."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

MEGABYTES = 96
INSIDE = "SAFESWEEP_RAIN_NAMESPACE"
"""Set in the process that has mounts of its own."""


def with_mounts_of_its_own() -> bool:
    """Goes on as the same process in a mount namespace of its own; returns whether it is in one, False where that is not allowed."""
    if os.environ.get(INSIDE):
        return os.environ.pop(INSIDE) == "yes"
    for options in (["--mount"], ["--user", "--map-root-user", "--mount"]):
        command = ["unshare", *options]
        probe = [*command, "mount", "-t", "tmpfs", "-o", "size=1m", "none", "/mnt"]
        if shutil.which("unshare") and subprocess.run(probe, capture_output=True).returncode == 0:
            os.environ[INSIDE] = "yes"
            os.execvp(command[0], [*command, sys.executable, *sys.argv])
    return False


class Disk:
    """``folder`` with `MEGABYTES` of room."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._ballast = folder, folder / ".ballast"
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "none", str(folder)], check=True)

    @property
    def full(self) -> bool:
        """Whether it was filled and not cleared."""
        return self._ballast.exists()

    def fill(self) -> None:
        """Leaves no room for another byte."""
        try:
            with self._ballast.open("ab") as file:
                for size in (2**20, 2**12, 1):
                    while True:
                        try:
                            file.write(b"x" * size)
                            file.flush()
                        except OSError:
                            break
        except OSError:  # what could not be flushed is tried again when it is closed
            return

    def clear(self) -> None:
        """There is room again."""
        self._ballast.unlink(missing_ok=True)

    def close(self) -> None:
        """Takes it away."""
        subprocess.run(["umount", "--lazy", str(self.folder)], check=False)
