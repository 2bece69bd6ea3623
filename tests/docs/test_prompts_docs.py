"""docs/prompts.md: its table of columns is the code's, and its preset is read."""

import re

import yaml

from safesweep.files import ROOT
from safesweep.prompts.columns import ALIASES
from safesweep.prompts.settings import PromptFileSettings

TEXT = (ROOT / "docs" / "prompts.md").read_text()


def test_the_columns():
    lines = [
        line.split("|") for line in TEXT.splitlines() if line.startswith("| `") and "," in line and ":" not in line
    ]
    assert {line[1].strip(" `"): tuple(re.findall(r"`(\w+)`", line[2])) for line in lines} == ALIASES


def test_the_preset():
    [written] = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    [file] = yaml.safe_load(written)["prompts"]
    assert PromptFileSettings(**file).columns["guidance"] == "strength"
