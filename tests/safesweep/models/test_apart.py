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
from safesweep.models.apart import check_solvers_apart

ROOT = WEIGHTS.parents[1]


def in_a_fresh_process(lines: str, *arguments: str) -> subprocess.CompletedProcess:
    program = textwrap.dedent(lines)
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=240
    )


CHECK = """
    import json, sys
    from safesweep.errors import InputError
    from safesweep.models.apart import check_solvers_apart
    said = []
    for model, solver in json.loads(sys.argv[1]):
        try:
            check_solvers_apart(model, None, [(solver, 10)], [(64, 64)])
            said.append(None)
        except InputError as error:
            said.append(str(error))
    print(json.dumps([said, "diffusers" in sys.modules]))
"""


def test_the_same_is_refused_as_here_and_diffusers_stays_out(tmp_path):
    model, odd = str(WEIGHTS / "diffusion"), tmp_path / "odd"
    shutil.copytree(model, odd)
    config = json.loads((odd / "scheduler" / "scheduler_config.json").read_text())
    (odd / "scheduler" / "scheduler_config.json").write_text(json.dumps({**config, "prediction_type": "guess"}))
    asked = [(model, "DDIMScheduler"), (model, "Heun"), (str(odd), "DPMSolverMultistepScheduler")]
    made = in_a_fresh_process(CHECK, json.dumps(asked))
    said, imported = json.loads(made.stdout.splitlines()[-1])
    assert not imported
    here = []
    for path, solver in asked:
        try:
            check_solvers(path, None, [(solver, 10)], [(64, 64)])
            here.append(None)
        except InputError as error:
            here.append(str(error))
    assert said == here and said[0] is None and "Heun" in said[1] and "guess" in said[2]


def test_where_diffusers_is_here_no_process_is_started(monkeypatch):
    import diffusers  # noqa: F401

    monkeypatch.setattr(apart.subprocess, "run", lambda *_, **__: pytest.fail("a process was started"))
    check_solvers_apart(str(WEIGHTS / "diffusion"), None, [("DDIMScheduler", 10)], [(64, 64)])


@pytest.mark.parametrize(
    ("ended", "said"),
    [
        (subprocess.CompletedProcess([], -9, ""), "exit code -9"),
        (subprocess.CompletedProcess([], 0, ""), "exit code 0"),
        (subprocess.CompletedProcess([], 0, json.dumps(apart.answer("[1, null, [], [[64, 64]]]"))), "TypeError"),
    ],
)
def test_a_process_that_failed_is_no_check_that_passed(monkeypatch, ended, said):
    monkeypatch.delitem(sys.modules, "diffusers", raising=False)
    monkeypatch.setattr(apart.subprocess, "run", lambda *_, **__: ended)
    with pytest.raises(RuntimeError, match=said):
        check_solvers_apart("anywhere", None, [("DDIMScheduler", 10)], [(64, 64)])
