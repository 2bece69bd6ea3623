"""safesweep/types.py"""

import dataclasses
import hashlib
import pickle

import pytest

from safesweep.types import Prompt

PROMPT = Prompt("a red circle – très beau", 7, None, 512, None, "007", 3, ("shape",), "shapes", "shapes.csv", "ab" * 32)


def test_text_hash_is_the_sha256_of_the_utf8_text() -> None:
    assert PROMPT.text_hash == hashlib.sha256("a red circle – très beau".encode()).hexdigest()
    assert dataclasses.replace(PROMPT, seed=8, prompt_id="8").text_hash == PROMPT.text_hash
    assert dataclasses.replace(PROMPT, text="a red circle – très beau ").text_hash != PROMPT.text_hash


def test_prompts_are_values() -> None:
    assert pickle.loads(pickle.dumps(PROMPT)) == PROMPT
    assert len({PROMPT, dataclasses.replace(PROMPT)}) == 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        PROMPT.seed = 1  # type: ignore[misc]
