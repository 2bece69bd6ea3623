"""The classifier scorer against its model called directly."""

import pytest
import torch
from PIL import Image
from transformers import AutoImageProcessor, AutoModelForImageClassification

from miniature import WEIGHTS
from tests.safesweep.scorers.written import loaded, written

CLASSIFIER = written("classifier", model=str(WEIGHTS / "classifier"))


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


def test_one_label_of_several_is_softmax(pictures):
    """The weights are the same; their config then says that one label is true."""
    scorer = loaded(CLASSIFIER)
    several = scorer.score(pictures[:1], [""])[0]
    scorer._several = False
    [single] = scorer.score(pictures[:1], [""])
    odds = torch.tensor([m.score for m in several], dtype=torch.float64).logit()
    assert [m.score for m in single] == pytest.approx(odds.softmax(0).tolist(), abs=1e-4)
    assert sum(m.score for m in single) == pytest.approx(1, abs=1e-6)
