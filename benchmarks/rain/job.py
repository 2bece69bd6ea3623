"""The main job as an operator runs it: started, looked at, and started again with the same command until its run is complete."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from safesweep.files import ROOT

CLASSIFIER = {"kind": "classifier", "model": "miniature/weights/classifier"}
CELLS = [
    {"method": "none"},
    {"method": "static_negative", "negative_scale": 4},
    {"method": "dynamic_negative", "negative_scale": 7.5},
]
STUCK = "ExecutionTimeoutError"
"""What a run ends with that had come to its no-progress limit."""
NO_PROGRESS_S = 600


class Job:
    """One run of ``jobs/eval_i2p.py`` on the cluster at ``address``; ``options`` are its own, ``folder`` is its working directory."""

    def __init__(self, folder: Path, address: str, options: Sequence[str]) -> None:
        self.folder, self.address, self.options = folder, address, list(options)
        self.starts = 0
        self.began = 0.0
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def log(self) -> Path:
        """Of the last start."""
        return self.folder / f"start-{self.starts}.log"

    def start(self) -> None:
        """Starts it, or starts it again."""
        self.starts += 1
        self.began = time.monotonic()
        command = [sys.executable, str(ROOT / "jobs" / "eval_i2p.py"), f"--address={self.address}", *self.options]
        with self.log.open("w") as output:
            self._process = subprocess.Popen(
                command, cwd=self.folder, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )

    def code(self) -> int | None:
        """The last start's exit code, negative where a signal ended it; None: it runs."""
        assert self._process is not None
        return self._process.poll()

    def signal(self, which: signal.Signals) -> bool:
        """To the driver; false: it does not run."""
        if self.code() is not None:
            return False
        assert self._process is not None
        os.killpg(self._process.pid, which)
        return True

    def end(self) -> None:
        """SIGKILL, if it runs."""
        if self._process is not None and self.signal(signal.SIGKILL):
            self._process.wait()

    def seconds(self) -> float:
        """Since its last start."""
        return time.monotonic() - self.began

    def stuck(self) -> bool:
        """Whether its last start came to its no-progress limit."""
        return STUCK in self.log.read_text(errors="replace")


def options(lake: str, run_id: str, prompts: int, steps: int, vlm: Sequence[str]) -> list[str]:
    """Of a reproducible run of three methods; ``prompts`` of each of its two sets, ``vlm``: options that say whom it asks."""
    return [
        f"--lake={lake}",
        f"--run_id={run_id}",
        f"--limit={prompts}",
        f"--num_inference_steps={steps}",
        f"--query_steps={[2, steps // 2]}",
        f"--cells={json.dumps(CELLS)}",
        f"--safety.scorers={json.dumps([CLASSIFIER])}",
        "--rows_per_block=1",
        "--diffusion.actors=2",
        "--diffusion.threads=1",
        "--diffusion.concurrent_calls=2",
        "--diffusion.reproducible=true",
        '--diffusion.label_selector={"role":"spot"}',
        f"--no_progress_timeout_s={NO_PROGRESS_S}",
        "--wait_for_nodes_s=60",
        "--wait_for_lease_s=90",
        "--unscored_limit=0",
        *vlm,
    ]


def over_http(url: str) -> list[str]:
    """Options for a VLM at ``url``, asked so impatiently that what the rain does to it fails some trials."""
    asked = {"backend": "openai", "url": url, "model": "miniature", "timeout_s": 4, "tries": 3}
    return [f"--vlm.{key}={value}" for key, value in asked.items()]


def on_serve() -> list[str]:
    """Options for the miniature's VLM in a pool on Ray Serve."""
    return ["--vlm.replicas=1", '--vlm.label_selector={"role":"steady"}', "--vlm.timeout_s=60"]
