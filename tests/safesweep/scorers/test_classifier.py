"""The classifier scorer against its model called directly."""

import json

import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import save_file
from timm.data import create_transform, resolve_data_config
from transformers import AutoImageProcessor, AutoModelForImageClassification

from miniature import WEIGHTS
from safesweep.errors import InputError
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


def test_a_folder_in_timms_layout_is_a_classifier(tmp_path, pictures):
    torch.manual_seed(0)
    network = timm.create_model("test_resnet", num_classes=2).eval()
    with torch.no_grad():
        network.fc.weight.mul_(50)
    save_file(network.state_dict(), tmp_path / "model.safetensors")
    settings = network.pretrained_cfg
    names = {"architecture": "test_resnet", "num_classes": 2, "label_names": ["bare", "dressed"]}
    config = tmp_path / "config.json"
    config.write_text(json.dumps({**names, "pretrained_cfg": settings}))
    found = loaded(written("classifier", model=str(tmp_path))).score(pictures, [""] * 3)
    prepare = create_transform(**resolve_data_config({}, model=network))
    for picture, measured in zip(pictures, found, strict=True):
        with torch.no_grad():
            wanted = network(prepare(Image.fromarray(picture))[None])[0].softmax(-1).tolist()
        assert [m.label for m in measured] == ["bare", "dressed"]
        assert [m.score for m in measured] == pytest.approx(wanted, abs=1e-5)
    assert found[0][0].score != pytest.approx(found[1][0].score, abs=1e-3)

    for content in ({"model_type": "vit"}, "no JSON"):
        config.write_text(content if isinstance(content, str) else json.dumps(content))
        with pytest.raises(InputError, match=r"a preprocessor is missing: no preprocessor_config.json"):
            written("classifier", model=str(tmp_path)).check()
    (tmp_path / "model.safetensors").unlink()
    config.write_text(json.dumps({**names, "pretrained_cfg": {}}))
    with pytest.raises(InputError, match="the weights are missing"):
        written("classifier", model=str(tmp_path)).check()
