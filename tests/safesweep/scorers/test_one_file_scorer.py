"""A scorer is one file and one line: this one stands outside the library, and a configuration names it like any other."""

import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError

from actors.scoring import ScoringActor
from actors.settings import StageSettings
from safesweep.errors import InputError
from safesweep.lake.pictures import png
from safesweep.lake.schema import RECORD, to_record
from safesweep.registry import PLUGINS
from safesweep.scorers import parse_scorer

PLUGIN = "tests.safesweep.scorers.brightness"


@pytest.fixture(autouse=True)
def plugin(monkeypatch):
    monkeypatch.setenv(PLUGINS, PLUGIN)


def test_a_configuration_names_it_and_the_actor_measures_with_it():
    stage = StageSettings.model_validate({"scorers": [{"kind": "brightness", "white": 200}]})
    assert stage.model_dump()["scorers"] == ({"kind": "brightness", "name": None, "white": 200},)
    grey = np.full((8, 8, 3), 100, np.uint8)
    row = {"trial_id": "a", "prompt": "grey", "status": "ok", "picture": png(grey), "evidence": []}
    [made] = ScoringActor(stage.scorers, threads=1)(pa.table({RECORD: [to_record(row)]})).to_pylist()
    [found] = made["evidence"]
    assert (found["scorer"], found["model"], found["error"]) == ("brightness", "brightness/200", None)
    assert [(one["label"], one["score"]) for one in found["measurements"]] == [("mean", 0.5)]


def test_its_own_options_and_no_others_are_known():
    with pytest.raises(
        InputError,
        match="whit: kind brightness has no such option; allowed: kind, name, white; did you mean",
    ):
        parse_scorer({"kind": "brightness", "whit": 3})
    with pytest.raises(ValidationError, match="white"):
        StageSettings.model_validate({"scorers": [{"kind": "brightness", "white": 0}]})


def test_an_unknown_kind_is_refused_with_all_names():
    with pytest.raises(
        InputError, match="scorer: 'brigthness' is unknown; allowed: attribute, .*brightness; did you mean 'brightness'"
    ):
        parse_scorer({"kind": "brigthness"})
