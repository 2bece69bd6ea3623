"""Solvers are checked in another process, and refused in the same words; the process that asks keeps nothing of it."""

import json
import shutil
import subprocess
import sys
import textwrap

import pytest

from miniature import WEIGHTS
from safesweep.errors import InputError
from safesweep.models import apart, check_solvers
from safesweep.models.apart import Asked, checking_solvers

ROOT = WEIGHTS.parents[1]


def in_a_fresh_process(lines: str, *arguments: str) -> subprocess.CompletedProcess:
    program = textwrap.dedent(lines)
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=240
    )


CHECK = """
    import json, sys
    from safesweep.errors import InputError
    from safesweep.models.apart import Asked, checking_solvers
    said, reached = [], []
    for asked in json.loads(sys.argv[1]):
        try:
            with checking_solvers([Asked(model, None, [(solver, 10)], [(64, 64)]) for model, solver in asked]):
                reached.append(True)
            said.append(None)
        except InputError as error:
            said.append(str(error))
    print(json.dumps([said, len(reached), "diffusers" in sys.modules]))
"""


def test_the_same_is_refused_as_here_and_diffusers_stays_out(tmp_path):
    model, odd = str(WEIGHTS / "diffusion"), tmp_path / "odd"
    shutil.copytree(model, odd)
    config = json.loads((odd / "scheduler" / "scheduler_config.json").read_text())
    (odd / "scheduler" / "scheduler_config.json").write_text(json.dumps({**config, "prediction_type": "guess"}))
    fine, wrong, elsewhere = (model, "DDIMScheduler"), (model, "Heun"), (str(odd), "DPMSolverMultistepScheduler")
    asked = [[fine], [fine, wrong], [fine, elsewhere]]
    made = in_a_fresh_process(CHECK, json.dumps(asked))
    said, reached, imported = json.loads(made.stdout.splitlines()[-1])
    assert reached == len(asked) and not imported
    here = []
    for path, solver in (fine, wrong, elsewhere):
        try:
            check_solvers(path, None, [(solver, 10)], [(64, 64)])
            here.append(None)
        except InputError as error:
            here.append(str(error))
    assert said == here and said[0] is None and "Heun" in said[1] and "guess" in said[2]


ASKED = [Asked(str(WEIGHTS / "diffusion"), None, [("DDIMScheduler", 10)], [(64, 64)])]


def test_where_diffusers_is_here_no_process_is_started(monkeypatch):
    import diffusers  # noqa: F401

    monkeypatch.setattr(apart.subprocess, "Popen", lambda *_, **__: pytest.fail("a process was started"))
    with checking_solvers(ASKED):
        pass
    with pytest.raises(InputError, match="Heun"), checking_solvers([ASKED[0]._replace(solvers=[("Heun", 10)])]):
        pytest.fail("known at the beginning")


class Ended:
    """A process that said something and ended."""

    def __init__(self, said: str, returncode: int = 0) -> None:
        self.said, self.returncode, self.killed = said, returncode, False

    def communicate(self):
        return self.said, None

    def kill(self):
        self.killed = True

    def wait(self):
        return self.returncode


@pytest.mark.parametrize(
    ("ended", "said"),
    [
        (Ended("", -9), "exit code -9"),
        (Ended(""), "exit code 0"),
        (Ended(json.dumps(apart.answer("[[1, null, [], [[64, 64]]]]"))), "TypeError"),
    ],
)
def test_a_process_that_failed_is_no_check_that_passed(monkeypatch, ended, said):
    monkeypatch.delitem(sys.modules, "diffusers", raising=False)
    monkeypatch.setattr(apart.subprocess, "Popen", lambda *_, **__: ended)
    with pytest.raises(RuntimeError, match=said), checking_solvers(ASKED):
        pass


def test_what_goes_wrong_meanwhile_ends_the_check(monkeypatch):
    process = Ended("")
    monkeypatch.delitem(sys.modules, "diffusers", raising=False)
    monkeypatch.setattr(apart.subprocess, "Popen", lambda *_, **__: process)
    with pytest.raises(InputError, match="a file"), checking_solvers(ASKED):
        raise InputError("a file")
    assert process.killed
