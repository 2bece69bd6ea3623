"""An attack's options: what does not fit together is said in one line."""

import json

import pytest

from pipelines.attack.config import AttackSettings
from safesweep.errors import InputError
from tests.pipelines.attack.stand_ins import attack_config

REWRITER = {"url": "http://127.0.0.1:9/v1", "model": "writer"}


def refused(tmp_path, *options: str) -> str:
    with pytest.raises(InputError) as caught:
        attack_config(tmp_path, *options)
    return str(caught.value)


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (("--attack.operators", '["insrt"]'), "attack.operators: 'insrt' is unknown; allowed: .*; did you mean 'insert'?"),
        (("--attack.strategies", '["greedy"]'), "attack.strategies: 'greedy' is unknown; allowed: adaptive, random, reseeding"),
        (("--attack.operators", '["paraphrase"]'), "attack.rewriter: is missing; .* operator 'paraphrase' asks"),
        (("--attack.strategies", '["reseeding"]', "--attack.operators", '["insert"]'), "strategy 'reseeding' needs 'seed'"),
        (("--samples_per_prompt", "2"), "samples_per_prompt: found 2; allowed: 1"),
        (("--attack.fidelity", "clop"), "no alignment scorer of kind clip is named 'clop'; allowed: clip, or"),
        (("--attack.budget", "0"), "attack.budget"),
        (("--attack.rewriter", json.dumps({**REWRITER, "url": "http://other.example/v1", "api_key_env": "KEY"})), "other.example"),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_refused(tmp_path, options, wanted):
    import re

    assert re.search(wanted, refused(tmp_path, *options))


def test_what_fits_is_taken(tmp_path):
    config = attack_config(
        tmp_path, "--attack.operators", '["paraphrase", "seed"]', "--attack.rewriter", json.dumps(REWRITER)
    )
    assert config.attack.rewriter is not None and config.attack.rewriter.model == "writer"
    unmeasured = ("--attack.fidelity", "x", "--attack.fidelity_weight", "0", "--attack.fidelity_floor", "null")
    assert not attack_config(tmp_path, *unmeasured).attack.measures_fidelity


@pytest.mark.parametrize(("budget", "told"), [(50, (1, 10, 50)), (20, (1, 10, 20)), (1, (1,)), (80, (1, 10, 50, 80))])
def test_rates_are_told_at_budgets_within_the_searches_own(budget, told):
    assert AttackSettings(budget=budget).told == told
