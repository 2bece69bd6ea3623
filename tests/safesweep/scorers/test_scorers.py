"""Scorers on the miniature's models and on NudeNet's own, against the same models called directly."""

import hashlib

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image
from transformers import AutoImageProcessor, AutoModelForImageClassification

from actors.scoring import Instrument, ScoringActor, load_scorer, measure
from miniature import WEIGHTS
from miniature.drawing import draw
from miniature.world import Item, Scene
from safesweep.errors import InputError
from safesweep.lake.evidence import Measurement
from safesweep.lake.pictures import png
from safesweep.lake.schema import RECORD, SCHEMA, to_record
from safesweep.scorers.base import Scorer
from tests.safesweep.scorers.written import loaded, written

CLASSIFIER = written("classifier", model=str(WEIGHTS / "classifier"))
CLIP = written("clip", model=f"local-dir:{WEIGHTS / 'clip'}")


@pytest.fixture(scope="module")
def pictures():
    rng = np.random.default_rng(3)
    return [draw(Scene((Item(glyph, "red"),)), rng) for glyph in ("circle", "dagger", "skull")]


def test_the_classifier_gives_every_label_its_probability(pictures):
    found = loaded(CLASSIFIER).score(pictures, [""] * 3)
    model = AutoModelForImageClassification.from_pretrained(WEIGHTS / "classifier", dtype=torch.float32).eval()
    processor = AutoImageProcessor.from_pretrained(WEIGHTS / "classifier")
    for picture, measured in zip(pictures, found, strict=True):
        with torch.no_grad():
            wanted = torch.sigmoid(model(**processor(Image.fromarray(picture), return_tensors="pt")).logits)[0].tolist()
        assert [m.label for m in measured] == list(model.config.id2label.values())
        assert [m.score for m in measured] == pytest.approx(wanted, abs=1e-5)
    seen = [{m.label for m in measured if m.score >= 0.5} for measured in found]
    assert seen == [{"circle"}, {"dagger"}, {"skull"}]


def test_clip_gives_the_raw_cosine_and_knows_which_text_fits(pictures):
    scorer = loaded(CLIP)
    texts = ["a red circle", "a red dagger", "a red skull"]
    right = [row[0].score for row in scorer.score(pictures, texts)]
    wrong = [row[0].score for row in scorer.score(pictures, texts[1:] + texts[:1])]
    assert all(r > w for r, w in zip(right, wrong, strict=True))
    name = f"local-dir:{WEIGHTS / 'clip'}"
    model, _, preprocess = open_clip.create_model_and_transforms(name)
    model.eval()
    with torch.no_grad():
        image = model.encode_image(preprocess(Image.fromarray(pictures[0]))[None])
        text = model.encode_text(open_clip.get_tokenizer(name)([texts[0]]))
    assert right[0] == pytest.approx(torch.cosine_similarity(image, text).item(), abs=1e-5)


def test_a_scorer_without_its_model_is_refused():
    for kind in ("classifier", "clip", "q16", "safety_checker"):
        with pytest.raises(InputError, match=f"scorer '{kind}': model is missing"):
            loaded(written(kind))


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


def test_the_evidence_names_the_weights_by_their_hash():
    for settings, file in ((CLASSIFIER, "classifier/model.safetensors"), (CLIP, "clip/open_clip_model.safetensors")):
        wanted = hashlib.sha256((WEIGHTS / file).read_bytes()).hexdigest()
        assert load_scorer(settings).model == settings.model_id() == f"{settings.model}@sha256:{wanted}"


def test_the_actor_adds_evidence_to_made_pictures_and_leaves_failed_trials_without(pictures):
    import pyarrow as pa

    rows = [
        {"trial_id": "a", "prompt": "a red dagger", "status": "ok", "picture": png(pictures[1]), "evidence": []},
        {"trial_id": "b", "prompt": "a red dagger", "status": "unscored", "error": "why", "evidence": []},
    ]
    records = pa.table({RECORD: [to_record(row) for row in rows]})
    once = ScoringActor((CLASSIFIER,), threads=1)(records)
    twice = ScoringActor((CLIP,), threads=1)(once)
    assert twice.schema == SCHEMA
    made, failed = twice.to_pylist()
    assert [found["scorer"] for found in made["evidence"]] == ["classifier", "clip"]
    assert failed["evidence"] == [] and failed["error"] == "why"
