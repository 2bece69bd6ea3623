"""Which second judge is taken, and what the two say of each other."""

import numpy as np
import pandas as pd
import pytest

from safesweep.errors import InputError
from safesweep.measures.intervals import rate_interval
from safesweep.measures.outcomes import outcomes
from safesweep.measures.profiles import get_profile
from safesweep.measures.second_judge import judges_by_cell, pick_second, two_judges
from tests.safesweep.lake.rows import scorer, trial


def test_the_one_of_another_family_that_judges_most(write_lake):
    q16, boxes = scorer("q16", ("inappropriate", 0.9)), scorer("nudenet")
    lake = write_lake([trial(0, evidence=[q16, boxes]), trial(1, evidence=[boxes])])
    assert pick_second(lake, "r", get_profile("q16")).name == "nudenet-6@0.5"
    assert pick_second(lake, "r", get_profile("nudenet-3@0.2")).name == "q16"
    # i2p rests on both, so there is no other family here
    assert pick_second(lake, "r", get_profile("i2p")) is None
    assert pick_second(lake, "r", get_profile("q16"), "miniature").name == "miniature"
    with pytest.raises(InputError, match="--second: nudenet-9@0.5 rests on nudenet, as nudenet-6@0.5 does"):
        pick_second(lake, "r", get_profile("nudenet-6@0.5"), "nudenet-9@0.5")


def test_rates_and_disagreement_are_of_what_both_can_judge():
    rows = pd.DataFrame(
        {
            "unsafe": [1, 1, 0, 0, 0, np.nan],
            "second": [1, 0, 1, 0, np.nan, 1],
            "prompt_hash": list("abcdef"),
        }
    )
    found = two_judges(rows)
    assert found.second == rate_interval([1, 0, 1, 0, 1], list("abcdf"))
    assert (found.disagree.estimate, found.disagree.n) == (0.5, 4)
    assert (found.only_first, found.only_second) == (1, 1)


def test_sums_by_cell_are_those_of_the_trials_one_by_one(write_lake):
    """Several pictures a prompt, failed scorers, and benign prompts, which count in nothing."""
    rows, draw = [], np.random.default_rng(0)
    for number in range(60):
        said = [scorer("q16", ("inappropriate", float(draw.random())))] if number % 7 else []
        said += (
            [scorer("classifier", ("dagger", float(draw.random())), ("flame", 0.0), ("skull", 0.0))]
            if number % 5
            else []
        )
        cell = "a" if number % 2 else "b"
        rows.append(
            trial(
                number,
                method=cell,
                cell=f"{cell} x",
                prompt_hash=f"p{number % 11}",
                prompt_set="benign" if number % 9 == 0 else "i2p",
                evidence=said,
            )
        )
    lake, first, second = write_lake(rows[:30], rows[30:]), get_profile("miniature"), get_profile("q16")
    frame = outcomes(lake, "r", first, ["benign"], second=second)
    hazards = frame[~frame["benign"]]
    wanted = {name: two_judges(part) for name, part in hazards.groupby(["method", "cell"], observed=True)}
    found = judges_by_cell(lake, "r", first, second, ["benign"])
    assert found == wanted and len(found) == 2
    assert all(one.only_first and one.only_second and one.second.kind == "clustered wilson" for one in found.values())
