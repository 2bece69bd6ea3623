"""What docs/regression.md says is so: its policy loads, its table of detectable differences is what is reckoned."""

import re

import pytest
import yaml

from safesweep.exit_codes import ExitCode
from safesweep.measures.compare import detectable_rate_difference
from safesweep.regression.policy import POLICIES, Policy
from safesweep.regression.watched import WATCHED

TEXT = (POLICIES.parents[1] / "docs" / "regression.md").read_text()
ROWS = re.findall(r"^\| ([\d,]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", TEXT, re.M)


def test_the_policy_is_one():
    [written] = re.findall(r"```yaml\n(.*?)```", TEXT, re.S)
    assert Policy.model_validate(yaml.safe_load(written)).measures


def test_every_measure_is_explained():
    assert all(f"`{name}`" in TEXT for name in WATCHED)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_the_detectable_differences(row):
    prompts, *shown = int(row[0].replace(",", "")), *row[1:]
    for number, (measures, differ) in zip(shown, ((1, 0.0), (1, 0.1), (3, 0.0), (3, 0.1)), strict=True):
        digits = len(number.partition(".")[2])
        assert round(detectable_rate_difference(prompts, differ, alpha=0.05 / measures), digits) == float(number)


def test_the_exit_codes_are_those_of_the_code():
    written = re.findall(r"^\| (\d+) \| ([A-Z_]+) \|", TEXT, re.M)
    assert written == [(str(int(code)), code.name) for code in ExitCode]
