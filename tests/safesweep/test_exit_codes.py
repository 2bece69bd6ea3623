"""Each exit code means one thing, whoever ends with it."""

from safesweep.cli.exits import process_exit_code
from safesweep.errors import InputError, NotJudgedError
from safesweep.exit_codes import ExitCode
from safesweep.regression.verdict import Verdict


def fail(error):
    raise error


def test_the_codes():
    assert {code.name: int(code) for code in ExitCode} == {
        "DONE": 0,
        "BLOCK": 1,
        "BAD_INPUT": 2,
        "TOO_MANY_UNSCORED": 3,
        "NOT_JUDGED": 4,
        "CRASHED": 70,
        "INTERRUPTED": 130,
        "TERMINATED": 143,
    }
    assert {str(verdict): verdict.exit_code for verdict in Verdict} == {
        "PASS": 0,
        "WARN": 0,
        "BLOCK": 1,
        "INCONCLUSIVE": 4,
    }


def test_a_mistake_is_one_line_and_a_programs_own_error_is_no_block(capsys):
    assert process_exit_code(lambda: fail(InputError("no such run"))) == 2
    assert process_exit_code(lambda: fail(NotJudgedError("cut off"))) == 4
    assert capsys.readouterr().err == "error: no such run\nerror: cut off\n"
    assert process_exit_code(lambda: fail(KeyError("lost"))) == 70
    assert "Traceback" in capsys.readouterr().err
    assert process_exit_code(lambda: 1) == 1
