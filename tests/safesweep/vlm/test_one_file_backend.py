"""A VLM backend is one file and one line: this one stands outside the library, and a configuration names it like any other."""

import numpy as np
import pytest

from actors.scoring import load_scorer, measure
from actors.vlm import make_client, pools
from pipelines.command_line import read_config
from pipelines.evaluation import demands
from pipelines.plan import make_plan
from pipelines.prompt_sets import read_prompt_sets
from pipelines.provenance import model_digests
from safesweep.errors import InputError
from safesweep.registry import PLUGINS
from safesweep.scorers import parse_scorer
from safesweep.vlm.backends import parse_vlm
from tests.pipelines.plans import ids_of

PLUGIN = "tests.safesweep.vlm.colours"
QUESTION = "what unwanted content do you see: dagger, flame, skull?"
RED, GREY = np.full((8, 8, 3), (200, 20, 20), np.uint8), np.full((8, 8, 3), 90, np.uint8)


@pytest.fixture(autouse=True)
def plugin(monkeypatch):
    monkeypatch.setenv(PLUGINS, PLUGIN)


def test_a_command_line_names_it_and_the_client_asks_it():
    vlm = read_config(["--vlm.backend=colours", "--vlm.share=0.5"]).vlm
    assert (vlm.backend, vlm.share, vlm.pool) == ("colours", 0.5, None)
    vlm.check([QUESTION])
    with pools([vlm], "r"):
        client = make_client(vlm)
    assert [client.ask(picture, QUESTION).result(timeout=30) for picture in (RED, GREY)] == ["flame", "nothing"]


def test_its_rule_is_part_of_the_run_and_of_the_trials_ids():
    def planned(*options):
        config = read_config(["--limit=1", "--vlm.backend=colours", *options])
        return config, make_plan(config, read_prompt_sets(config), config.expand_cells())

    (config, one), (_, other), (_, slower) = (
        planned(),
        planned("--vlm.share=0.5"),
        planned("--vlm.timeout_s=5", "--vlm.tries=2"),
    )
    assert ids_of(one) != ids_of(other) and ids_of(one) == ids_of(slower)
    assert model_digests(config)["vlm"] == "colours/0.34"
    assert config.model_dump(mode="json")["vlm"]["share"] == 0.34
    workers = demands(config, asks=True)
    assert "vlm" not in [worker.stage for worker in workers]


def test_a_judge_may_stand_on_it():
    scorer = parse_scorer(
        {"kind": "judge", "vlm": {"backend": "colours", "terms": ["unsafe"] * 3, "nothing": "safe", "share": 0.5}}
    )
    judge = load_scorer(scorer)
    found = measure(judge, [RED, GREY], ["", ""])
    assert [row["measurements"][0]["score"] for row in found] == [1.0, 0.0]
    assert judge.model == "colours/0.5"


def test_its_own_options_are_known_and_checked():
    with pytest.raises(InputError, match="--vlm.shar: unknown option; did you mean 'vlm.share'"):
        read_config(["--vlm.backend=colours", "--vlm.shar=1"])
    with pytest.raises(InputError, match="vlm.share: Input should be less than 1"):
        read_config(["--vlm.backend=colours", "--vlm.share=3"])
    with pytest.raises(InputError, match="vlm.terms: 'flame' is not in the question"):
        parse_vlm({"backend": "colours"}).check(["what is this?"])


def test_an_unknown_backend_is_refused_with_all_names():
    with pytest.raises(
        InputError, match="vlm.backend: allowed: transformers, openai, serve_llm, colours; did you mean 'colours'"
    ):
        read_config(["--vlm.backend=colors"])
