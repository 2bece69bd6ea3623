"""What every scorer's settings have: a name in the evidence, errors that bear it, and no VLM unless they say so."""

import pytest

from safesweep.errors import InputError
from tests.safesweep.scorers.written import loaded, written


def test_a_scorer_without_its_model_is_refused():
    for kind in ("classifier", "clip", "q16", "safety_checker"):
        with pytest.raises(InputError, match=f"scorer '{kind}': model is missing"):
            loaded(written(kind))


def test_the_evidence_bears_the_kind_unless_a_name_is_given():
    assert written("clip", model="m").evidence_name == "clip"
    named = written("clip", model="m", name="second")
    assert named.evidence_name == "second" and named.kind == "clip"
    assert str(named.bad("no such thing")) == "scorer 'second': no such thing"


def test_only_who_asks_a_vlm_names_one():
    vlm = {"model": "miniature/weights/vlm"}
    assert written("nudenet").vlms() == ()
    judge = written("judge", vlm=vlm)
    assert [one.model for one in judge.vlms()] == [vlm["model"]]
