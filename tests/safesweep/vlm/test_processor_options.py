"""A preset's options of a processor run no code, and no model's folder does."""

import ast
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from transformers import AutoProcessor

from safesweep.files import ROOT
from safesweep.models import load as load_pipeline
from safesweep.quality.features import FeatureSettings, make_features
from safesweep.scorers import parse_scorer
from safesweep.vlm.backends import parse_vlm
from safesweep.vlm.local import VisionLanguageModel
from safesweep.vlm.processor_options import ALLOWED

WEIGHTS = ROOT / "miniature" / "weights"
WRITTEN = [{"model": "m"}, {"backend": "openai", "model": "m", "url": "http://x/v1"}]
EVIL = "open({marker!r}, 'w').close()\nclass Evil:\n    pass\n"


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"trust_remote_code": True}, "trust_remote_code may not be set.*it would run code out of the model's folder"),
        ({"trust_remote_code": False}, "trust_remote_code may not be set"),
        ({"max_pixles": 7}, "max_pixles may not be set.*did you mean 'max_pixels'"),
        ({"auto_map": {}}, "auto_map may not be set"),
        ({"code_revision": "x"}, "code_revision may not be set"),
        ({"_commit_hash": "x"}, "_commit_hash may not be set"),
        ({"size": "{{ cycler.__init__ }}"}, "size: numbers, true, false and words"),
        ({"size": {"height": {"__import__('os')": 1}}}, "size: numbers"),
        ({"max_pixels": float("nan")}, "max_pixels: numbers"),
    ],
)
def test_only_options_that_change_numbers_are_taken(
    written: dict[str, Any], options: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValidationError, match=words):
        parse_vlm({**written, "processor_options": options})


@pytest.mark.parametrize("written", WRITTEN)
def test_what_pictures_are_resized_to_may_be_said(written: dict[str, Any]) -> None:
    options = {
        "max_pixels": 401408,
        "do_image_splitting": False,
        "size": {"longest_edge": 364},
        "image_mean": [0.5, 0.5, 0.5],
    }
    assert parse_vlm({**written, "processor_options": options}).processor_options == options


def test_no_option_is_one_that_the_library_takes_for_loading() -> None:
    """``from_pretrained`` takes these for itself; whoever may set one chooses what is loaded."""
    from inspect import getsource

    loading = re.findall(
        r"kwargs\.(?:pop|get)\(\s*\"(\w+)\"", getsource(AutoProcessor) + getsource(AutoProcessor.from_pretrained)
    )
    assert "trust_remote_code" in loading and not set(loading) & set(ALLOWED)


def test_the_loader_takes_no_other_options_either() -> None:
    with pytest.raises(ValueError, match="trust_remote_code may not be set"):
        VisionLanguageModel.load(str(WEIGHTS / "vlm"), processor_options={"trust_remote_code": True})


def _load_diffusion(folder: Path) -> object:
    return load_pipeline(str(folder))


LOADERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "vlm": ("vlm", lambda folder: VisionLanguageModel.load(str(folder))),
    "classifier": ("classifier", lambda folder: parse_scorer({"kind": "classifier", "model": str(folder)}).load()),
    "features": ("classifier", lambda folder: make_features(FeatureSettings(kind="classifier", model=str(folder)))),
    "diffusion": ("diffusion", _load_diffusion),
}


def _spoil(folder: Path, marker: Path) -> None:
    """A folder that brings code of its own in each place where a library would look for it."""
    evil = EVIL.format(marker=str(marker))
    names = (
        "AutoConfig",
        "AutoModel",
        "AutoModelForImageTextToText",
        "AutoModelForImageClassification",
        "AutoProcessor",
    )
    auto_map = dict.fromkeys((*names, "AutoImageProcessor", "AutoTokenizer"), "evil.Evil")
    for file in [*folder.rglob("*.json")]:
        config = json.loads(file.read_text())
        if file.name in ("config.json", "processor_config.json", "preprocessor_config.json", "tokenizer_config.json"):
            config |= {
                "auto_map": auto_map,
                "model_type": "evil",
                "processor_class": "Evil",
                "image_processor_type": "Evil",
            }
        if file.name == "model_index.json":
            config["unet"] = ["evil", "Evil"]
        file.write_text(json.dumps(config))
    for place in (folder, *(path for path in folder.iterdir() if path.is_dir())):
        (place / "evil.py").write_text(evil)


@pytest.mark.parametrize("name", LOADERS)
def test_code_in_a_models_folder_is_not_run_and_nobody_is_asked(name: str, tmp_path: Path, monkeypatch: Any) -> None:
    source, load = LOADERS[name]
    folder, marker = shutil.copytree(WEIGHTS / source, tmp_path / "model"), tmp_path / "run"
    _spoil(folder, marker)

    asked: list[object] = []
    # the library asks on the terminal where it was not told, and takes what a pipe brings for an answer
    monkeypatch.setattr("builtins.input", lambda *words: asked.append(words) or "y")
    with pytest.raises((ValueError, OSError, KeyError, AttributeError)):
        load(folder)
    assert not marker.exists() and not asked


CONCRETE = {"StableDiffusionSafetyChecker", "CLIPImageProcessor", "AutoencoderTiny"}
"""Classes that bring their own code: what a folder names is not looked at."""


def test_wherever_a_model_is_loaded_its_folders_code_is_refused() -> None:
    calls = []
    for path in [path for tree in ("safesweep", "actors", "pipelines") for path in (ROOT / tree).rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "from_pretrained"
            ):
                told = {word.arg: ast.unparse(word.value) for word in node.keywords}
                calls.append((ast.unparse(node.func.value), told.get("trust_remote_code")))
    assert len(calls) > 10
    assert {name for name, told in calls if told != "False"} == CONCRETE
