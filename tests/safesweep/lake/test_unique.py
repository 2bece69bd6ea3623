"""A trial that stands twice in a run is named, wherever numbers are asked for."""

import pytest

from safesweep.errors import InputError
from safesweep.lake.layout import part_files
from safesweep.lake.unique import check_unique
from safesweep.measures.outcomes import outcomes
from safesweep.measures.summary import summary
from safesweep.measures.trials import read_trials
from tests.safesweep.lake.rows import trial, write_run


def test_a_doubled_trial_is_named_with_its_files(tmp_path):
    write_run(tmp_path, [trial(0), trial(1)], [trial(2), trial(1)], [trial(3)])
    with pytest.raises(
        InputError, match=r"run 'r' holds 1 trials more than once, such as t1 in part-0.parquet and part-1.parquet"
    ):
        check_unique(part_files(tmp_path, "r"), "run 'r'")


@pytest.mark.parametrize(
    "read",
    [
        lambda lake: summary(lake, "r", "q16", ()),
        lambda lake: read_trials(lake, "r", "q16"),
        lambda lake: outcomes(lake, "r", "q16", ()),
    ],
)
def test_every_view_refuses_a_doubled_run(tmp_path, read):
    write_run(tmp_path, [trial(0)], [trial(0)])
    with pytest.raises(InputError, match="more than once, such as t0"):
        read(tmp_path)


def test_each_trial_once_is_fine_and_a_file_that_changed_is_looked_into_again(tmp_path):
    write_run(tmp_path, [trial(0)], [trial(1)])
    check_unique(part_files(tmp_path, "r"), "r")
    check_unique([], "r")
    write_run(tmp_path, [trial(0)], [trial(1), trial(0)])
    with pytest.raises(InputError, match="such as t0"):
        check_unique(part_files(tmp_path, "r"), "r")


def test_a_torn_file_is_left_to_those_who_remove_it(tmp_path):
    write_run(tmp_path, [trial(0)], [trial(0)])
    torn = part_files(tmp_path, "r")[1]
    torn.write_bytes(torn.read_bytes()[:-20])
    check_unique(part_files(tmp_path, "r"), "r")
