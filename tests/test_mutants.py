"""The mutation tester's table, from lines as mutmut prints them."""

from tests.mutants import by_module, table

LINES = """
    safesweep.lake.sql.x_text__mutmut_1: killed
    safesweep.lake.sql.x_text__mutmut_2: survived
    safesweep.lake.sql.x_text__mutmut_3: timeout
    safesweep.lake.sql.x_source__mutmut_1: no tests
    safesweep.measures.rates.xǁAttackSuccessǁrate__mutmut_1: killed
    safesweep.measures.rates.x__count__mutmut_1: not checked
    safesweep.engine.batch.x_pack__mutmut_1: not checked
    To show a mutant: mutmut show NAME
""".splitlines()


def test_mutants_are_counted_under_their_module():
    counted = by_module(LINES)
    assert set(counted) == {"safesweep.lake.sql", "safesweep.measures.rates", "safesweep.engine.batch"}
    assert counted["safesweep.lake.sql"] == {"killed": 1, "survived": 1, "timeout": 1, "no tests": 1}


def test_what_was_not_run_counts_nowhere_and_what_is_not_reached_is_alive():
    assert table(LINES).splitlines()[2:] == [
        "| `lake.sql` | 2 | 4 | 1 | 1 | 50% |",
        "| `measures.rates` | 1 | 1 | 0 | 0 | 100% |",
        "| all | 3 | 5 | 1 | 1 | 60% |",
    ]
