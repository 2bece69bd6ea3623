"""The backend transformers: its checks before a run, what it is called, and what its replicas hold."""

import numpy as np
import pytest

from miniature import WEIGHTS
from safesweep.errors import InputError
from safesweep.models.checkpoint import digest
from safesweep.vlm import VisionLanguageModel
from safesweep.vlm.backends.transformers import TransformersVlm
from safesweep.vlm.ranked import RankedAnswers
from safesweep.vlm.vocabulary import HarmVocabulary

MODEL = str(WEIGHTS / "vlm")
QUESTION = HarmVocabulary.from_yaml("miniature").question()
PICTURES = [np.random.default_rng(seed).integers(0, 256, (64, 64, 3), dtype=np.uint8) for seed in range(3)]


def test_the_models_files_are_checked(tmp_path):
    TransformersVlm(model=MODEL).check(["any question at all"])
    with pytest.raises(InputError, match="model folder 'nowhere' does not exist"):
        TransformersVlm(model="nowhere").check()
    with pytest.raises(InputError, match="the model's config is missing"):
        TransformersVlm(model=str(tmp_path)).check()


def test_in_score_mode_every_question_is_a_vocabularys(tmp_path):
    ranked = TransformersVlm(model=MODEL, mode="score")
    ranked.check([QUESTION])
    with pytest.raises(InputError, match="no vocabulary asks 'see circle"):
        ranked.check([QUESTION, "see circle?"])
    own = tmp_path / "shapes.yaml"
    own.write_text("question: see {terms}?\nnegative: '{terms}'\nnothing: none\ncategories: {shape: {circle: }}\n")
    TransformersVlm(model=MODEL, mode="score", vocabularies=(str(own),)).check([QUESTION, "see circle?"])


def test_its_names():
    vlm = TransformersVlm(model=MODEL, replicas=2)
    assert vlm.model_id() == f"{MODEL}@{digest(MODEL, None)}"
    assert vlm.described() == f"2 × {MODEL} on Ray Serve"
    assert (vlm.pool, vlm.weights, vlm.writes) == (vlm, (MODEL, None), True)
    assert not TransformersVlm(model=MODEL, mode="score").writes


def test_a_replica_holds_the_model_as_it_is_asked_for():
    written = TransformersVlm(model=MODEL, max_new_tokens=12).load()
    assert isinstance(written, VisionLanguageModel)
    plain = VisionLanguageModel.load(MODEL, max_new_tokens=12)
    assert written.answer(PICTURES, [QUESTION] * 3) == plain.answer(PICTURES, [QUESTION] * 3)
    written.check("any question at all")
    ranked = TransformersVlm(model=MODEL, mode="score").load()
    assert ranked.answer(PICTURES, [QUESTION] * 3) == RankedAnswers(plain).answer(PICTURES, [QUESTION] * 3)
    with pytest.raises(InputError, match="no vocabulary asks"):
        ranked.check("any question at all")
