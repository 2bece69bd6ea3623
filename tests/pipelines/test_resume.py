"""A run is gone on with by what measured it before, and by nothing else."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.command_line import read_config
from pipelines.evaluation import check
from pipelines.resume import same_weights
from safesweep.errors import InputError
from safesweep.lake.schema import SCHEMA
from tests.pipelines.plans import ids_of

HATS = {
    "kind": "attribute",
    "model": "local-dir:miniature/weights/clip",
    "attributes": {"hat": ["{prompt} with a hat"], "no-hat": ["{prompt} without a hat"]},
}
SCORERS = [{"kind": "classifier", "model": "miniature/weights/classifier"}, {"kind": "nudenet"}, HATS]
OPTIONS = ["--limit", "1", "--run_id", "night"]


def config_of(lake, *options, scorers=SCORERS):
    return read_config([*OPTIONS, "--lake", str(lake), "--safety.scorers", json.dumps(scorers), *options])


@pytest.fixture
def lake(tmp_path):
    """A run's first half, with the evidence of the default's scorers and the manifest of a start."""
    config = config_of(tmp_path)
    plan, store = check(config)
    write(store, config, sorted(ids_of(plan))[:4])
    store.write_manifest({"config": config.model_dump(mode="json"), "prompt_sets": [], "benign_sets": []})
    return tmp_path


def write(store, config, trials, models=None):
    named = models or {one.evidence_name: one.model_id() for one in (*config.safety.scorers, *config.alignment.scorers)}
    evidence = [{"scorer": name, "model": model, "error": None, "measurements": []} for name, model in named.items()]
    rows = [{"trial_id": trial, "status": "ok", "evidence": evidence} for trial in trials]
    store.folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), store.folder / "part-a-000000.parquet")


def test_the_same_scorers_go_on(lake):
    check(config_of(lake))
    check(config_of(lake, "--profile=nudenet-6@0.5", "--diffusion.actors=2"))


@pytest.mark.parametrize(
    ("scorers", "message"),
    [
        (
            [SCORERS[0], HATS],
            "its pictures were scored by 'nudenet' too, which this configuration has not; it has classifier, attribute, clip",
        ),
        (
            [*SCORERS, {"kind": "nudenet", "name": "wide"}],
            "4 of its 4 pictures have not been scored by 'wide'; `safesweep rescore`",
        ),
        (
            [SCORERS[0], {"kind": "nudenet", "resolution": 640}, HATS],
            r"scorer 'nudenet' was .* \(boxes from 0.2, 320 px\), this configuration has .* \(boxes from 0.2, 640 px\)",
        ),
        (
            [SCORERS[0], {"kind": "nudenet", "threshold": 0.1}, HATS],
            r"scorer 'nudenet' was .* \(boxes from 0.2, 320 px\), this configuration has .* \(boxes from 0.1, 320 px\)",
        ),
        (
            [*SCORERS[:2], {**HATS, "attributes": {**HATS["attributes"], "no-hat": ["{prompt}"]}}],
            "scorer 'attribute' measured with attributes .*with a hat.*, this configuration has .*'no-hat'",
        ),
    ],
)
def test_other_scorers_are_refused_by_name(lake, scorers, message):
    with pytest.raises(InputError, match=f"^run_id: run 'night' in .*{message}"):
        check(config_of(lake, scorers=scorers))


def test_other_weights_under_one_name_are_refused_though_nothing_else_differs(lake):
    config = config_of(lake)
    plan, store = check(config)
    named = {one.evidence_name: one.model_id() for one in (*config.safety.scorers, *config.alignment.scorers)}
    other = f"miniature/weights/classifier@sha256:{'0' * 64}"
    write(store, config, sorted(ids_of(plan))[:4], {**named, "classifier": other})
    with pytest.raises(
        InputError, match=f"scorer 'classifier' was {other}, this configuration has miniature.*choose another"
    ):
        check(config)
    store.manifest_path.unlink()
    with pytest.raises(InputError, match=f"scorer 'classifier' was {other}"):
        check(config)


def test_weights_are_known_by_their_content():
    one, other = "a@sha256:" + "1" * 64, "b/c@sha256:" + "1" * 64
    assert same_weights(one, other) and not same_weights(one, "a@sha256:" + "2" * 64)
    assert same_weights("openai:m@unpinned", "openai:m@unpinned") and not same_weights("openai:m@x", "openai:n@x")
    assert not same_weights(one, f"{one} on {other}")
    assert not same_weights(None, one)
    # nor by other settings, which evidence of before does not name
    assert same_weights(f"{one} (boxes from 0.2, 320 px)", f"{other} (boxes from 0.2, 320 px)")
    assert not same_weights(f"{one} (boxes from 0.2, 320 px)", f"{one} (boxes from 0.1, 320 px)")
    assert not same_weights(one, f"{one} (boxes from 0.2, 320 px)")


def test_a_set_that_turns_benign_is_refused(tmp_path):
    sets = [
        {"path": "miniature/prompts/hazard.csv", "name": "one"},
        {"path": "miniature/prompts/benign.csv", "name": "two", "benign": True},
    ]
    _, store = check(config_of(tmp_path, "--prompts", json.dumps(sets)))
    store.write_manifest({"prompt_sets": [("one", "f", "s"), ("two", "f", "s")], "benign_sets": ["two"]})
    check(config_of(tmp_path, "--prompts", json.dumps(sets)))
    sets[1] = {"path": "miniature/prompts/benign.csv", "name": "two", "near_miss": True}
    with pytest.raises(InputError, match="prompt set 'two' was no near miss, in this configuration it is"):
        check(config_of(tmp_path, "--prompts", json.dumps(sets)))
    sets[0]["benign"] = True
    with pytest.raises(InputError, match="prompt set 'one' was not benign, in this configuration it is"):
        check(config_of(tmp_path, "--prompts", json.dumps(sets)))
