"""Prompt sets of a run: their kinds, and what is known of those that an attack has made."""

import json

from pipelines.command_line import read_config
from pipelines.config import RunConfig
from pipelines.evaluation import begin_manifest
from pipelines.plan import make_plan
from pipelines.prompt_sets import read_prompt_sets
from safesweep.lake.store import RunStore
from safesweep.prompts.attacks import Attacked


def test_attacks_are_told_by_set_down_to_the_manifest(tmp_path, monkeypatch):
    monkeypatch.setattr("pipelines.evaluation.model_digests", lambda _: {})
    for name in ("p4d", "mine", "plain"):
        (tmp_path / f"{name}.csv").write_text("prompt,seed\nxyzzy,1\n")
    (tmp_path / "p4d.csv.attack.yaml").write_text("method: P4D\nmodel: a/b\n")
    sets = [
        str(tmp_path / "p4d.csv"),
        {"path": str(tmp_path / "mine.csv"), "attacked": {"method": "UnlearnDiffAtk", "model": "c/d"}},
        str(tmp_path / "plain.csv"),
    ]
    config = read_config(["--prompts", json.dumps(sets), "--lake", str(tmp_path / "lake")])
    plan = make_plan(config, read_prompt_sets(config), config.expand_cells(), digest_of=lambda *_: "d")
    assert plan.attacked == {
        "p4d": Attacked(method="P4D", model="a/b"),
        "mine": Attacked(method="UnlearnDiffAtk", model="c/d"),
    }
    manifest = begin_manifest(config, plan, RunStore(config.lake, "r"), plan.trials)
    assert manifest["attacked"]["p4d"]["method"] == "P4D" and set(manifest["attacked"]) == {"p4d", "mine"}
    assert any("P4D (white-box) on a/b" in note for note in manifest["prompt_notes"])


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
