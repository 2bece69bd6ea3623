"""The scoring actor: whose evidence it adds to which picture."""

import hashlib

import numpy as np
import pyarrow as pa
import pytest

from actors.scoring import Instrument, ScoringActor, load_scorer, measure
from miniature import WEIGHTS
from miniature.drawing import draw
from miniature.world import Item, Scene
from safesweep.lake.evidence import Measurement
from safesweep.lake.pictures import png
from safesweep.lake.schema import RECORD, SCHEMA, to_record
from safesweep.scorers.base import Scorer
from tests.safesweep.scorers.written import written

CLASSIFIER = written("classifier", model=str(WEIGHTS / "classifier"))
CLIP = written("clip", model=f"local-dir:{WEIGHTS / 'clip'}")


@pytest.fixture(scope="module")
def pictures():
    rng = np.random.default_rng(3)
    return [draw(Scene((Item(glyph, "red"),)), rng) for glyph in ("circle", "dagger", "skull")]


class Picky(Scorer):
    """Fails on dark pictures, and on every batch that holds one."""

    def score(self, pictures, prompts):
        if any(picture.mean() < 10 for picture in pictures):
            raise RuntimeError("too dark")
        return [[Measurement("light", 1.0)] for _ in pictures]


def test_a_picture_that_a_scorer_fails_on_does_not_unscore_its_neighbours(pictures):
    dark = np.zeros_like(pictures[0])
    found = measure(Instrument("picky", "none", Picky()), [pictures[0], dark, pictures[1]], ["", "", ""])
    assert [row["error"] for row in found] == [None, "RuntimeError: too dark", None]
    assert [len(row["measurements"]) for row in found] == [1, 0, 1]


class Partial(Scorer):
    """Says itself which picture it could not measure."""

    calls = 0

    def score(self, pictures, prompts):
        self.calls += 1
        return [ValueError("too dark") if picture.mean() < 10 else [Measurement("light", 1.0)] for picture in pictures]


def test_a_failure_in_the_place_of_measurements_is_not_tried_again(pictures):
    scorer = Partial()
    found = measure(Instrument("partial", "none", scorer), [pictures[0], np.zeros_like(pictures[0])], ["", ""])
    assert [row["error"] for row in found] == [None, "ValueError: too dark"]
    assert scorer.calls == 1


def test_the_actor_adds_evidence_to_made_pictures_and_leaves_failed_trials_without(pictures):
    rows = [
        {"trial_id": "a", "prompt": "a red dagger", "status": "ok", "picture": png(pictures[1]), "evidence": []},
        {"trial_id": "b", "prompt": "a red dagger", "status": "unscored", "error": "why", "evidence": []},
    ]
    records = pa.table({RECORD: [to_record(row) for row in rows]})
    once = ScoringActor((CLASSIFIER,), threads=1)(records)
    twice = ScoringActor((CLIP,), threads=1)(pa.concat_tables([once.slice(0, 1), once.slice(1)]))
    assert twice.schema == SCHEMA and {column.num_chunks for column in twice.columns} == {1}
    made, failed = twice.to_pylist()
    assert [found["scorer"] for found in made["evidence"]] == ["classifier", "clip"]
    assert failed["evidence"] == [] and failed["error"] == "why"


def test_a_picture_that_cannot_be_read_leaves_its_own_trial_unscored(pictures):
    """A lake that is scored again may be anybody's."""
    cells = {"a": png(pictures[0]), "b": b"GIF89a" + bytes(40), "c": png(pictures[1])}
    rows = [{"trial_id": name, "prompt": "p", "status": "ok", "picture": cells[name], "evidence": []} for name in cells]
    made = ScoringActor((CLASSIFIER,), threads=1)(pa.table({RECORD: [to_record(row) for row in rows]})).to_pylist()
    [found] = [row["evidence"] for row in made if row["trial_id"] == "b"]
    assert found[0]["error"].startswith("PictureError: no PNG, JPEG, WEBP") and found[0]["measurements"] == []
    assert [bool(row["evidence"][0]["measurements"]) for row in made] == [True, False, True]


def test_an_error_in_evidence_has_no_secret_and_no_escape_sequence(pictures):
    class Failing(Scorer):
        def score(self, pictures, prompts):
            raise RuntimeError("https://me:pw@host/v1?key=k3y: \x1b[2J")

    [found] = measure(Instrument("failing", "none", Failing()), pictures[:1], [""])
    assert found["error"] == "RuntimeError: https://…@host/v1?…: ␛[2J"


def test_the_evidence_names_the_weights_by_their_hash():
    for settings, file in ((CLASSIFIER, "classifier/model.safetensors"), (CLIP, "clip/open_clip_model.safetensors")):
        wanted = hashlib.sha256((WEIGHTS / file).read_bytes()).hexdigest()
        assert load_scorer(settings).model == settings.model_id() == f"{settings.model}@sha256:{wanted}"
