"""safesweep/vlm/chat.py: the options of a conversation, whatever backend has it."""

import pytest

from safesweep.errors import InputError
from safesweep.vlm.backends import parse_vlm

BACKENDS = [{"backend": "transformers", "model": "m"}, {"backend": "openai", "model": "m", "url": "http://x/v1"}]


@pytest.mark.parametrize("written", BACKENDS)
def test_examples_are_read_before_anything_else_is_looked_for(written):
    with pytest.raises(InputError, match="vlm.examples: nowhere.png: no such file"):
        parse_vlm({**written, "examples": [{"picture": "nowhere.png", "answer": "a"}]}).check()


@pytest.mark.parametrize("written", BACKENDS)
def test_a_conversation_is_named_by_all_that_shapes_it(written):
    vlm = parse_vlm({**written, "max_new_tokens": 7, "picture_size": 9, "processor_options": {"max_pixels": 1}})
    assert vlm.conversation() == {
        "max_new_tokens": 7,
        "picture_size": 9,
        "processor_options": {"max_pixels": 1},
        "examples": None,
    }
