"""Shards differ in their rows and their place alone. The refusals by key are in test_merge.py."""

from safesweep.lake.same_config import differences, without_rows


def test_rows_and_places_are_no_differences_wherever_they_stand():
    one = {"limit": 1, "address": "a", "prompts": [{"shard": "1/2", "rows": ":5", "path": "p"}], "vlm": {"replicas": 1}}
    other = {"limit": 2, "prompts": [{"shard": "2/2", "rows": None, "path": "p"}], "vlm": {"replicas": 3}}
    assert list(differences(one, other, "config")) == []


def test_everything_else_is_one_by_its_key():
    one = {"seed": 1, "prompts": [{"path": "p"}], "cells": [1, 2], "vlm": {"timeout_s": 1, "model": "m"}}
    other = {"prompts": [{"path": "q"}], "cells": [1], "vlm": {"timeout_s": 2, "model": "m"}, "more": 0}
    assert list(differences(one, other, "config")) == [
        ("config.seed", 1, None),
        ("config.prompts.0.path", "p", "q"),
        ("config.cells", [1, 2], [1]),
        ("config.vlm.timeout_s", 1, 2),
        ("config.more", None, 0),
    ]


def test_rows_that_differ_are_nobodys_in_the_union():
    configs = [
        {"limit": 3, "prompts": [{"shard": f"{part}/2", "rows": "0:9", "path": "p"}], "seed": 1} for part in (1, 2)
    ]
    assert without_rows(configs) == {"limit": 3, "prompts": [{"shard": None, "rows": "0:9", "path": "p"}], "seed": 1}
