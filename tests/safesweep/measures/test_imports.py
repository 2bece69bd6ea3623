"""What the room brings with it."""

import subprocess
import sys


def test_measures_imports_neither_ray_nor_torch():
    code = (
        "import sys, pkgutil, importlib, safesweep.measures\n"
        "for m in pkgutil.walk_packages(safesweep.measures.__path__, 'safesweep.measures.'): importlib.import_module(m.name)\n"
        "print([m for m in ('ray', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
