"""Which processes pay for diffusers, and that the libraries hold their tongues."""

import subprocess
import sys

from diffusers.utils import logging as diffusers_logging
from transformers.utils import logging as transformers_logging

from safesweep.files import ROOT
from safesweep.libraries import quiet_libraries
from tests.marks import SLOW


@SLOW
def test_only_what_denoises_imports_diffusers():
    modules = (
        "actors.scoring, safesweep.guidance.discovery, safesweep.vlm.local, pipelines.discovery, pipelines.evaluation"
    )
    command = [sys.executable, "-c", f"import sys, {modules}; print('diffusers' in sys.modules)"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]


def test_both_are_quiet_but_for_errors():
    quiet_libraries()
    assert diffusers_logging.get_verbosity() == diffusers_logging.ERROR
    assert transformers_logging.get_verbosity() == transformers_logging.ERROR
