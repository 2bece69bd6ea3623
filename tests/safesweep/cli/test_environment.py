"""Environment variables that no option knows are refused with the nearest."""

import pytest

from safesweep.cli.environment import check_environment, variable
from safesweep.cli.options import options_of
from safesweep.errors import InputError
from tests.safesweep.cli.made import Run


def test_an_options_variable():
    assert variable("engine.rows") == "SAFESWEEP_ENGINE__ROWS"


@pytest.mark.parametrize(
    "name",
    [
        "SAFESWEEP_LIMIT",
        "safesweep_engine__rows",
        "SAFESWEEP_ENGINE",
        "SAFESWEEP_ENGINE__LABELS__ZONE",
        "SAFESWEEP_PLUGINS",
        "SAFE_LIMT",
        "PATH",
    ],
)
def test_what_an_option_or_the_code_knows_passes(name):
    check_environment({name: "1"}, options_of(Run))


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("SAFESWEEP_LIMT", "SAFESWEEP_LIMIT"),
        ("SAFESWEEP_ENGINE_ROWS", "SAFESWEEP_ENGINE__ROWS"),
        ("safesweep_enginee__rows", "SAFESWEEP_ENGINE__ROWS"),
        ("SAFESWEEP_ENGINE__ROWS__X", "SAFESWEEP_ENGINE__ROWS"),
        ("SAFESWEEP_PLUGIN", "SAFESWEEP_PLUGINS"),
    ],
)
def test_all_others_are_refused_with_the_nearest(name, nearest):
    with pytest.raises(InputError) as error:
        check_environment({"HOME": "/", name: "1"}, options_of(Run))
    assert str(error.value) == f"{name}: no option knows this environment variable; did you mean {nearest!r}?"
