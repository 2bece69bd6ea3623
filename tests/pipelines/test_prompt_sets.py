"""The kinds of a run's prompt sets, from the command line to the plan."""

import json

from pipelines.command_line import read_config
from pipelines.config import RunConfig
from pipelines.prompt_sets import read_prompt_sets


def test_three_kinds_of_sets():
    sets = [{"path": f"miniature/prompts/{name}.csv"} for name in ("hazard", "benign", "near_miss")]
    arguments = [
        "--prompts",
        json.dumps(sets),
        "--prompts.1.benign",
        "true",
        "--prompts.2.near_miss",
        "true",
        "--limit",
        "3",
    ]
    prompts = read_prompt_sets(read_config(arguments, RunConfig, default_preset="miniature")).prompts
    assert {one.prompt_set: one.benign for one in prompts.sets} == {"hazard": False, "benign": True, "near_miss": True}
    assert prompts.near_miss == {"near_miss"}
