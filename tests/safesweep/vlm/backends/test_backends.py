"""The registry of VLM backends, and how a configuration's section becomes one."""

import re
import subprocess
import sys

import pytest
from pydantic import BaseModel, ValidationError

from safesweep.config_errors import explain
from safesweep.files import ROOT
from safesweep.vlm.backends import BACKENDS, AnyVlm, parse_vlm
from safesweep.vlm.backends.openai import OpenAiVlm
from safesweep.vlm.backends.transformers import TransformersVlm

ENDPOINT = {"backend": "openai", "model": "m", "url": "http://x/v1"}


class Holder(BaseModel):
    vlm: AnyVlm


def problem(written: object) -> str:
    with pytest.raises(ValidationError) as caught:
        Holder.model_validate({"vlm": written})
    return explain(caught.value)


def test_each_name_is_that_of_its_settings():
    assert {"transformers", "openai"} <= set(BACKENDS)
    for name in BACKENDS:
        assert BACKENDS[name].model_fields["backend"].default == name


def test_a_section_becomes_settings_of_its_backend():
    assert parse_vlm({"model": "m"}) == TransformersVlm(model="m")
    assert parse_vlm(ENDPOINT) == OpenAiVlm(model="m", url="http://x/v1")
    held = Holder.model_validate({"vlm": {**ENDPOINT, "timeout_s": "5"}})
    assert held.vlm.timeout_s == 5.0 and held.model_dump(mode="json")["vlm"]["url"] == "http://x/v1"
    assert Holder(vlm=held.vlm).vlm is held.vlm


def test_what_only_other_backends_have_is_left_aside():
    mine = parse_vlm({**ENDPOINT, "device": "cuda", "dtype": "bfloat16", "app": "x", "mode": "generate", "threads": 2})
    assert mine == OpenAiVlm(model="m", url="http://x/v1")
    assert parse_vlm({"model": "m", "url": None}) == TransformersVlm(model="m")


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ({"model": "m", "url": "http://x/v1"}, "vlm: url and api_key_env belong to backend openai; backend is trans"),
        ({"model": "m", "api_key_env": "KEY"}, "vlm: url and api_key_env belong to backend openai; backend is trans"),
        ({**ENDPOINT, "mode": "score"}, "vlm: mode score needs the logits of backend transformers"),
        ({"backend": "openai", "model": "m"}, "vlm: backend openai needs a url"),
        ({"backend": "opnai", "model": "m"}, "vlm.backend: allowed: transformers, openai.*; did you mean 'openai'"),
        ({"backend": ["openai"]}, "vlm.backend: allowed: transformers"),
        ({}, "vlm.model: is missing"),
        ({"model": "m", "modle": "m"}, "vlm.modle: unknown key"),
        ({"model": "m", "tries": 0}, "vlm.tries: Input should be greater than 0, found 0"),
        (3, "vlm: Input should be a valid dictionary"),
    ],
)
def test_what_is_refused_is_named(written, why):
    assert re.match(why, problem(written))


def test_settings_need_no_torch():
    code = (
        "import sys; from safesweep.vlm.backends import BACKENDS; [BACKENDS[name] for name in BACKENDS]; "
        "assert not {'torch', 'transformers', 'ray'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
