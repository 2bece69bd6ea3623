"""The settings that docs/vlm.md and docs/scorers.md show are settings, and every kind of scorer is in the table."""

import re

import yaml

from actors.settings import StageSettings
from safesweep.scorers import SCORERS
from safesweep.vlm.backends import parse_vlm
from tests.docs.test_docs import ROOT, blocks


def test_the_vlm_settings_are_valid():
    shown = [parse_vlm(yaml.safe_load(block)["vlm"]) for block in blocks("docs/vlm.md", "yaml")]
    assert [one.backend for one in shown] == [
        "transformers",
        "transformers",
        "serve_llm",
        "openai",
        "openai",
        "transformers",
    ]
    assert len(shown[5].examples) == 2


def test_the_scorers_are_valid_and_complete():
    [block] = blocks("docs/scorers.md", "yaml")
    stages = [StageSettings.model_validate(stage) for stage in yaml.safe_load(block).values()]
    assert {one.kind for stage in stages for one in stage.scorers} == set(SCORERS) - {"attribute"}
    table = (ROOT / "docs" / "scorers.md").read_text().split("| profiles |")[1].split("All take")[0]
    assert set(re.findall(r"^\| `([\w-]+)`", table, flags=re.MULTILINE)) == set(SCORERS)
