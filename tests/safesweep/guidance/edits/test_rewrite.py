"""The edit that rewrites a prompt in words."""

import pytest
import torch
from pydantic import ValidationError

from safesweep.engine.config import EngineConfig
from safesweep.engine.trajectory import Request
from safesweep.guidance.cell import Cell
from safesweep.guidance.edits.rewrite import Rewrite
from tests.safesweep.engine_runs import final_latents


@pytest.mark.parametrize(
    ("options", "prompt", "wanted"),
    [
        ({"after": ", clothed"}, "a red dagger", "a red dagger, clothed"),
        ({"before": "A drawing: "}, "a red dagger", "A drawing: a red dagger"),
        ({"replace": [("dagger", "key")]}, "Dagger, daggers and a DAGGER.", "key, daggers and a key."),
        ({"replace": [("red", "blue"), ("red dagger", "leaf")]}, "a red dagger, a red key", "a leaf, a blue key"),
        ({"replace": [("red", "blue"), ("blue", "red")]}, "red blue", "blue red"),
        ({"replace": [("c++ (old)", r"\1")]}, "c++ (old) c+", r"\1 c+"),
        ({"replace": [("i", "you")]}, "\u0130 and i", "you and you"),
        ({"replace": [("dagger", "key")], "after": "!"}, "", "!"),
    ],
)
def test_words(options, prompt, wanted):
    assert Rewrite(**options).rewritten(prompt, 1) == wanted == Rewrite(**options).rewritten(prompt, 2)


@pytest.mark.parametrize(("options", "said"), [({}, "changes nothing"), ({"replace": [(" ", "x")]}, "an empty word")])
def test_what_is_no_rewriting_is_refused(options, said):
    with pytest.raises(ValidationError, match=said):
        Rewrite(**options)


def test_it_draws_what_the_new_prompt_draws(model):
    common = {
        "guidance": {"method": "none"},
        "guidance_scale": 4.0,
        "solver": "DDIMScheduler",
        "num_inference_steps": 3,
    }
    edited = Cell(edit={"edit": "rewrite", "replace": [["dagger", "key"]]}, **common)
    exact = EngineConfig(max_rows=4, reproducible=True)
    requests = [Request("a red dagger", 7, 64, 64, (edited,)), Request("a red key", 7, 64, 64, (Cell(**common),))]
    made, plain = (final_latents(model, [request], exact)[0] for request in requests)
    assert torch.equal(made[0], plain[0])
